/** What sessions may run on: ONNX Runtime's execution providers. */
export const PROVIDERS = ['cpu', 'cuda', 'webgpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** `auto` is CUDA where it works, else the CPU; WebGPU only for whoever names it, since its driver may be a program. */
export const PROVIDER_CHOICES = ['auto', ...PROVIDERS] as const;
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** What sessions do run on, and why not on what was asked for. */
export interface RunningProvider {
  readonly provider: Provider;
  /** One sentence for each provider that was tried in vain. */
  readonly refusals: readonly string[];
}

import type { Place } from './settings.js';
import type { Engine, Milliseconds } from './worker/protocol.js';

/** Says what computed, and how long each step took that was not known already. */
export function engineWords(place: Place, engine: Engine | null, times: Milliseconds): string {
  const took = Object.entries(times).flatMap(([step, ms]) =>
    ms === null ? [] : [`${step} ${Math.round(ms)} ms`],
  );
  return [computes(place, engine), ...(took.length > 0 ? took : ['known already'])].join(' · ');
}

function computes(place: Place, engine: Engine | null): string {
  if (place === 'server') return 'on the server';
  if (engine === null) return 'in this browser';
  if (engine.provider === 'webgpu') return 'in this browser, WebGPU';
  return `in this browser, WebAssembly, ${engine.threads} thread${engine.threads === 1 ? '' : 's'}`;
}

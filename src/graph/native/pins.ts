/** The releases of the code that training stands on. tfjs-node's binding speaks TensorFlow's C API, which has not broken since 2.0. */
export const TENSORFLOW_VERSION = '2.21.0';
export const TFJS_NODE_VERSION = '4.22.0';
export const NODE_API_VERSION = 8;

/** `gpu` has CUDA kernels and runs on the CPU where no NVIDIA driver is. */
export type Variant = 'cpu' | 'gpu';

/** A wheel on PyPI, and which of its files are kept. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** The platform tag of the wheel's name. */
  readonly platform: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** Path in the wheel, or a folder ending in `/` → path below the folder it is unpacked to. */
  readonly members: Readonly<Record<string, string>>;
}

const X64 = 'manylinux_2_27_x86_64';

const TENSORFLOW_MEMBERS = {
  'tensorflow/libtensorflow_cc.so.2': 'lib/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2': 'lib/libtensorflow_framework.so.2',
  'tensorflow/THIRD_PARTY_NOTICES.txt': 'THIRD_PARTY_NOTICES.txt',
  // Only the headers that the binding includes; all of them are 290 MB.
  'tensorflow/include/tensorflow/c/': 'include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/': 'include/tensorflow/core/platform/',
  'tensorflow/include/tsl/platform/': 'include/tsl/platform/',
  'tensorflow/include/xla/tsl/c/': 'include/xla/tsl/c/',
  'tensorflow/include/absl/': 'include/absl/',
} as const;

const TENSORFLOW_CPU_X64: Wheel = {
  project: 'tensorflow-cpu',
  version: TENSORFLOW_VERSION,
  platform: X64,
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  bytes: 273_829_956,
  unpackedBytes: 861_000_000,
  members: TENSORFLOW_MEMBERS,
};

const TENSORFLOW_CPU_ARM64: Wheel = {
  project: 'tensorflow',
  version: TENSORFLOW_VERSION,
  platform: 'manylinux_2_27_aarch64',
  sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
  bytes: 281_828_020,
  unpackedBytes: 888_000_000,
  members: TENSORFLOW_MEMBERS,
};

const TENSORFLOW_GPU_X64: Wheel = {
  project: 'tensorflow',
  version: TENSORFLOW_VERSION,
  platform: X64,
  sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  bytes: 572_440_367,
  unpackedBytes: 1_264_000_000,
  members: TENSORFLOW_MEMBERS,
};

/** The libraries that `tensorflow[and-cuda]` asks for: folder, version, platform tag, bytes, bytes unpacked, sha256. */
// prettier-ignore
const CUDA_12 = [
  ['cublas', '12.9.3.13', 'manylinux_2_27_x86_64', 581_217_458, 855_064_416, 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'],
  ['cuda_cupti', '12.8.90', 'manylinux2014_x86_64', 10_248_621, 41_311_976, 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182'],
  ['cuda_nvcc', '12.9.86', 'manylinux2010_x86_64', 40_546_229, 98_010_465, '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'],
  ['cuda_nvrtc', '12.9.86', 'manylinux2010_x86_64', 89_568_129, 227_340_992, '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'],
  ['cuda_runtime', '12.9.79', 'manylinux2014_x86_64', 3_493_179, 5_342_176, '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'],
  ['cudnn', '9.28.0.42', 'manylinux_2_27_x86_64', 716_538_495, 1_162_393_472, '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'],
  ['cufft', '11.4.1.4', 'manylinux2014_x86_64', 200_877_592, 293_609_416, 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'],
  ['curand', '10.3.10.19', 'manylinux_2_27_x86_64', 68_295_626, 166_965_432, '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'],
  ['cusolver', '11.7.5.82', 'manylinux_2_27_x86_64', 338_117_415, 494_975_064, '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'],
  ['cusparse', '12.5.10.65', 'manylinux2014_x86_64', 366_465_088, 486_556_368, '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'],
  ['nccl', '2.32.3', 'manylinux_2_27_x86_64', 351_526_311, 489_653_380, 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'],
  ['nvjitlink', '12.9.86', 'manylinux2010_x86_64', 39_748_338, 95_935_344, 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'],
] as const;

// Where TensorFlow's libraries look for them: their run path is $ORIGIN/../nvidia/FOLDER/lib.
const CUDA_X64 = CUDA_12.map(([folder, version, platform, bytes, unpackedBytes, sha256]): Wheel => {
  const parts = folder === 'cuda_nvcc' ? ['bin/', 'nvvm/'] : ['lib/'];
  const paths = parts.map((part) => `nvidia/${folder}/${part}`);
  return {
    project: `nvidia-${folder.replaceAll('_', '-')}-cu12`,
    version,
    platform,
    sha256,
    bytes,
    unpackedBytes,
    members: Object.fromEntries(paths.map((path) => [path, path])),
  };
});

/** The wheels of a variant by processor architecture (`process.arch`), to be unpacked into one folder. */
export const WHEELS: Readonly<Record<Variant, Readonly<Record<string, readonly Wheel[]>>>> = {
  cpu: { x64: [TENSORFLOW_CPU_X64], arm64: [TENSORFLOW_CPU_ARM64] },
  gpu: { x64: [TENSORFLOW_GPU_X64, ...CUDA_X64] },
};

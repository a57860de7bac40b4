/**
 * Arithmetic over whole pictures in vectors of WebAssembly, for what takes JavaScript too long one value at a time.
 *
 * The language is AssemblyScript, whose files look like TypeScript. `npm run simd` compiles them to
 * `src/shared/simd-wasm.ts`, which is committed; `src/shared/simd.ts` loads it.
 */
export * from './difference';
export * from './image-tensor';
export * from './pairs';
export * from './structural-similarity';

import { SIMD_WASM } from './simd-wasm.js';

/** What src/simd exports; an address is an offset into `memory`. */
interface Simd {
  readonly memory: { readonly buffer: ArrayBuffer };

  differenceBlock(): number;
  firstBytes(): number;
  secondBytes(): number;
  compareBytes(count: number): void;
  sumOfSquares(): number;
  greatestDifference(): number;

  imageBlock(): number;
  imageBytes(): number;
  imagePlanes(): number;
  bytesToPlanes(): void;
  planesToBytes(): void;

  pairsBlock(): number;
  givenBytes(): number;
  predictedBytes(): number;
  beginPairs(classes: number): void;
  countPairs(count: number): number;
  countOfPair(pair: number): number;

  stripColumns(): number;
  firstRow(): number;
  secondRow(): number;
  beginSimilarity(columns: number): void;
  addSimilarityRow(): void;
  sumOfSimilarities(): number;
}

// Node and browsers have these, ECMAScript's own library has not.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};
declare function atob(base64: string): string;

let loaded: Simd | undefined;

/** The functions of this thread's own instance. They keep nothing from one picture to the next; their memory never grows. */
export function simd(): Simd {
  return (loaded ??= load());
}

function load(): Simd {
  const bytes = Uint8Array.from(atob(SIMD_WASM), (letter) => letter.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Simd;
}

import type { AttackSummary } from '../../shared/attack-summary.js';
import type { ModelFacts } from '../../shared/manifest.js';
import type { Size } from '../../shared/size.js';
import type { StoredAnswer } from './self-test.js';

/** What computes: the graphics card, or WebAssembly on the processor. */
export type Provider = 'webgpu' | 'wasm';

/** What the models run on here. */
export interface Engine {
  readonly provider: Provider;
  readonly threads: number;
  /** Why nothing faster is used; null where this is the fastest there is. */
  readonly why: string | null;
  /** What was fetched to start it. */
  readonly files: readonly string[];
}

/** Where a model's file is. */
export interface ModelFile {
  readonly url: string;
  /** In lower-case hex; empty for a file that was dropped on the page. */
  readonly sha256: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A model that is to be loaded. */
export interface ModelSource {
  readonly name: string;
  readonly facts: ModelFacts;
  readonly file: ModelFile;
  /** The form that is fastest in WebAssembly. */
  readonly web: ModelFile | null;
  /** What it is known to make of a picture; without that, no graphics card is trusted with it. */
  readonly stored: StoredAnswer | null;
}

/** A model that was loaded: from where, and what it runs on. */
export interface LoadedFrom {
  readonly url: string;
  readonly engine: Engine;
}

/** What is asked about the picture. */
export interface Question {
  /** A victim's name. */
  readonly victim: string;
  /** An attacker's name, `noise` or `hue`; null leaves the picture as it is. */
  readonly attacker: string | null;
  /** Share of the change that is made, 0..1. */
  readonly strength: number;
  /** The most that a value may change, in 1/255; null for no limit. */
  readonly epsilon: number | null;
}

/** Where the time of an answer went, by step; null what was known already. */
export type Milliseconds = Readonly<Record<string, number | null>>;

/** What the victim says of the picture before and after the attack. */
export interface Answer {
  readonly size: Size;
  /** Class numbers `[H, W]` flattened. */
  readonly labels: { readonly before: Uint8Array; readonly after: Uint8Array };
  readonly summary: AttackSummary;
  /** Pixels by class before and after: `moves[before * K + after]`. */
  readonly moves: Float64Array;
}

/** What can be shown of a question. */
export interface Shown {
  /** Of the question itself, or else of the nearest one that is known; null where none is. */
  readonly answer: Answer | null;
  /** What `answer` is of. */
  readonly of: Question;
  /** Whether `answer` is of the question itself. */
  readonly isExact: boolean;
  /** Of all that is known, painted. */
  readonly bitmaps: Bitmaps;
}

/** What the service says of a picture, in the picture's size. */
export interface ServiceAnswer {
  readonly attacked: Blob;
  /** PNGs of class numbers. */
  readonly before: Blob;
  readonly after: Blob;
  readonly summary: AttackSummary;
  readonly milliseconds: Milliseconds;
}

/** The pictures that the page shows. */
export const PANES = ['original', 'before', 'attacked', 'after', 'difference', 'changed'] as const;
export type PaneName = (typeof PANES)[number];
export type Bitmaps = Readonly<Partial<Record<PaneName, ImageBitmap>>>;

/** What can be kept as a file: pictures without loss, and label maps with the classes' colours as their palette. */
export type FileName = 'original' | 'attacked' | 'difference' | 'before' | 'after';

/** How pictures are painted. */
export interface Brush {
  /** How much the difference is amplified. */
  readonly gain: number;
  /** A class to follow: all others are dimmed. */
  readonly follow: number | null;
}

/** A picture that was taken in. */
export interface TakenPicture {
  readonly size: Size;
  /** The file's own size, where it was too large to work on. */
  readonly scaledFrom: Size | null;
}

/** Told while something is waited for. */
export type Progress = (words: string) => void;

import { proxy, type Remote, transfer } from 'comlink';
import { summarizeAttack } from '../../shared/attack-summary.js';
import { compareLabels } from '../../shared/compare-labels.js';
import { createConfusionMatrix, countPixels } from '../../shared/confusion-matrix.js';
import { resizeLabelMap } from '../../shared/label-map.js';
import { countLabels } from '../../shared/label-pixels.js';
import type { ModelFacts } from '../../shared/manifest.js';
import { measurePerturbation } from '../../shared/perturbation.js';
import type { Size } from '../../shared/size.js';
import { decodePicture, decodeUnscaled, type DecodedPicture, readBitmap } from './decode.js';
import { readLabelPicture } from './label-picture.js';
import { Memory } from './memory.js';
import type { Models } from './models.js';
import { encodePalettePng } from './palette-png.js';
import { paintChanged, paintDifference, paintLabels } from './paint.js';
import { applyAttack, CONTROLS, liftChange, limitChange } from './perturb.js';
import type {
  Answer,
  Brush,
  Change,
  FileName,
  LoadedFrom,
  ModelSource,
  PaneName,
  Progress,
  Provider,
  Question,
  ServiceAnswer,
  TakenPicture,
} from './protocol.js';
import { resizePicture } from './resize-picture.js';
import { type RgbPicture, toRgba } from './rgb-picture.js';

type Facts = Pick<ModelFacts, 'classes' | 'palette' | 'ignoreIndex' | 'inputSize'>;

/**
 * Works on one picture: attacks it, asks a victim about it before and after, compares, and paints. What a question shares with
 * an earlier one is not computed again.
 */
export class Studio {
  readonly #models: Remote<Models>;
  readonly #facts = new Map<string, Facts>();
  #picture: DecodedPicture | undefined;
  #truth: Uint8Array | null = null;
  /** Of this picture: in the models' sizes, under each attacker at full strength, and the victims' labels. */
  #memory = new Memory(1);
  /** What the attacker took, where no answer told it yet. */
  #untold: number | null = null;
  #attacked: RgbPicture | undefined;
  #seen: { readonly labels: Answer['labels']; readonly palette: Facts['palette'] } | undefined;

  constructor(models: Remote<Models>) {
    this.#models = models;
  }

  start(runtimeUrl: string, wish: Provider | 'auto'): Promise<void> {
    return this.#models.start(runtimeUrl, wish);
  }

  /** Tells of a model what its file says of itself. */
  introduce(name: string, facts: Facts): void {
    this.#facts.set(name, facts);
  }

  /** Loads a model, once. @throws SegprobeError as `Models.load` */
  load(source: ModelSource, onProgress: Progress): Promise<LoadedFrom> {
    return this.#models.load(source, proxy(onProgress));
  }

  /** Takes a picture in. @throws SegprobeError as `decodePicture` */
  async take(picture: Blob | ImageBitmap, name: string): Promise<TakenPicture> {
    const decoded =
      picture instanceof Blob ? await decodePicture(picture, name) : readBitmap(picture, name);
    this.#picture = decoded;
    this.#truth = null;
    this.#memory = new Memory(3 * decoded.data.length);
    this.#attacked = undefined;
    this.#untold = null;
    this.#seen = undefined;
    const { height, width, scaledFrom } = decoded;
    return { size: { height, width }, scaledFrom };
  }

  /**
   * Takes what is right, as a picture of class numbers or of the classes' colours; null forgets it.
   * @throws SegprobeError as `readLabelPicture` and `decodePicture`
   */
  async takeTruth(label: Blob | null, name: string, victim: string): Promise<void> {
    const picture = this.#currentPicture();
    this.#truth =
      label &&
      readLabelPicture(await decodeUnscaled(label, name), this.#factsOf(victim), {
        original: picture.scaledFrom ?? picture,
        size: picture,
      });
  }

  /** Changes the picture, and measures how much: the first half of an answer, which needs no victim. */
  async change(question: Question): Promise<Change> {
    const { attacked } = await this.#attack(question);
    this.#attacked = attacked;
    return { perturbation: this.#measure(question, attacked) };
  }

  /** Answers a question; null where another picture was taken meanwhile. */
  async answer(question: Question): Promise<Answer | null> {
    const memory = this.#memory;
    const found = await this.#look(question);
    if (memory !== this.#memory) return null;
    const { before, after } = found;
    // The attacker ran for `change` already.
    const attack = found.attack ?? this.#untold;
    this.#untold = null;
    return this.#compare(question, {
      attacked: found.attacked,
      labels: { before: before.labels, after: after.labels },
      milliseconds: { segment: before.ms, attack, 'segment again': after.ms },
    });
  }

  /** Computes what `answer` will need, and keeps it. */
  async lookAhead(question: Question): Promise<void> {
    await this.#look(question);
  }

  /** Takes over what the service says of the picture; null where another picture was taken meanwhile. */
  async adopt(question: Question, given: ServiceAnswer): Promise<Answer | null> {
    const memory = this.#memory;
    const [attacked, before, after] = await Promise.all(
      [given.attacked, given.before, given.after].map((file) => decodeUnscaled(file, 'the answer')),
    );
    if (memory !== this.#memory) return null;
    this.#attacked = attacked;
    const labels = { before: redOf(before!), after: redOf(after!) };
    const { milliseconds } = given;
    const compared = this.#compare(question, { attacked: attacked!, labels, milliseconds });
    return { ...compared, summary: { ...given.summary, ...scoresIn(compared.summary) } };
  }

  /** The picture, or what was made of it, as a file. */
  async encode(name: FileName, { gain }: Pick<Brush, 'gain'>): Promise<Blob> {
    const picture = this.#currentPicture();
    const [attacked, seen] = [this.#attacked ?? picture, this.#seen];
    if (name === 'before' || name === 'after') {
      if (seen === undefined) throw new Error('expected an answer');
      return encodePalettePng(seen.labels[name], picture, seen.palette);
    }
    const rgba = {
      original: () => toRgba(picture.data),
      attacked: () => toRgba(attacked.data),
      difference: () => paintDifference(picture.data, attacked.data, gain),
    }[name]();
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const image = new ImageData(rgba, picture.width, picture.height);
    canvas.getContext('2d')!.putImageData(image, 0, 0);
    return canvas.convertToBlob({ type: 'image/png' });
  }

  /** Reads what a model file says of itself. @throws SegprobeError as `readModelFacts` */
  async readModel(file: Blob, name: string): Promise<ModelFacts> {
    // Only who brings a model needs it.
    const { readModelFacts } = await import('./read-model.js');
    return readModelFacts(new Uint8Array(await file.arrayBuffer()), name);
  }

  /** Paints what was computed last. Panes that are not known yet are left out. */
  async paint(
    panes: readonly PaneName[],
    { gain, follow }: Brush,
  ): Promise<Partial<Record<PaneName, ImageBitmap>>> {
    const picture = this.#currentPicture();
    const [attacked, seen] = [this.#attacked, this.#seen];
    const painters: Record<PaneName, () => Uint8ClampedArray<ArrayBuffer> | undefined> = {
      original: () => toRgba(picture.data),
      attacked: () => attacked && toRgba(attacked.data),
      difference: () => attacked && paintDifference(picture.data, attacked.data, gain),
      before: () => seen && paintLabels(seen.labels.before, seen.palette, follow),
      after: () => seen && paintLabels(seen.labels.after, seen.palette, follow),
      changed: () => seen && paintChanged(picture.data, seen.labels, seen.palette, follow),
    };
    const bitmaps: Partial<Record<PaneName, ImageBitmap>> = {};
    for (const pane of panes) {
      const rgba = painters[pane]();
      if (rgba === undefined) continue;
      bitmaps[pane] = await createImageBitmap(new ImageData(rgba, picture.width, picture.height));
    }
    return transfer(bitmaps, Object.values(bitmaps));
  }

  async #look(question: Question) {
    const { victim } = question;
    const before = await this.#segment(victim, 'clean', this.#currentPicture());
    const { attacked, ms: attack } = await this.#attack(question);
    const after = await this.#segment(victim, keyOf(question), attacked);
    return { before, attacked, attack, after };
  }

  #compare(
    { victim, attacker, strength, epsilon }: Question,
    {
      attacked,
      labels,
      milliseconds,
    }: Pick<Answer, 'labels' | 'milliseconds'> & { readonly attacked: RgbPicture },
  ): Answer {
    const facts = this.#factsOf(victim);
    const { height, width } = this.#currentPicture();
    this.#seen = { labels, palette: facts.palette };
    const classCount = facts.classes.length;
    const moves = createConfusionMatrix(classCount);
    countPixels(moves, labels.before, labels.after, classCount);
    const summary = summarizeAttack(
      {
        model: victim,
        method: attacker ?? 'none',
        strength,
        picture: { height, width },
        perturbation: this.#measure({ victim, attacker, strength, epsilon }, attacked),
        before: { pixelCounts: countLabels(labels.before, classCount) },
        after: { pixelCounts: countLabels(labels.after, classCount) },
        comparison: compareLabels(labels.before, labels.after, {
          classCount,
          truth: this.#truth,
          ignoreIndex: Math.min(facts.ignoreIndex, classCount),
        }),
      },
      facts,
    );
    return { size: { height, width }, labels, summary, moves: moves.counts, milliseconds };
  }

  #currentPicture(): DecodedPicture {
    if (this.#picture === undefined) throw new Error('expected a picture');
    return this.#picture;
  }

  #factsOf(name: string): Facts {
    const facts = this.#facts.get(name);
    if (facts === undefined) throw new Error(`expected ${name} loaded`);
    return facts;
  }

  #measure(question: Question, attacked: RgbPicture): Change['perturbation'] {
    const picture = this.#currentPicture();
    return this.#memory.now(`measure ${keyOf(question)}`, () =>
      measurePerturbation(picture.data, attacked.data, picture),
    );
  }

  /** The picture in a model's size. */
  #small(picture: RgbPicture, { height, width }: Size, key: string): RgbPicture {
    return this.#memory.now(`small ${key} ${width}×${height}`, () =>
      resizePicture(picture, { height, width }),
    );
  }

  async #attack(question: Question): Promise<{ attacked: RgbPicture; ms: number | null }> {
    const { victim, attacker, epsilon, strength } = question;
    const picture = this.#currentPicture();
    if (attacker === null) return { attacked: picture, ms: null };
    const key = `attacked ${keyOf(question)}`;
    const known = this.#memory.find<RgbPicture>(key);
    if (known !== undefined) return { attacked: known, ms: null };
    const small = this.#small(picture, this.#factsOf(victim).inputSize, 'clean');
    let ms: number | null = null;
    let data: Uint8Array<ArrayBuffer>;
    const control = Object.hasOwn(CONTROLS, attacker) ? CONTROLS[attacker] : undefined;
    if (control !== undefined) {
      const changed = strength === 0 ? small.data : control(small.data, strength);
      data = limitChange(small.data, new Uint8Array(changed), epsilon);
    } else {
      const full = await this.#memory.later(
        `attack ${attacker} ${small.width}×${small.height}`,
        async () => {
          const result = await this.#models.attack(attacker, small.data, small);
          ms = result.ms;
          this.#untold = ms;
          return result.attacked;
        },
      );
      data = applyAttack(small.data, full, question);
    }
    const attacked = this.#memory.now(key, () => liftChange(small, { ...small, data }, picture));
    return { attacked, ms };
  }

  async #segment(
    victim: string,
    key: string,
    picture: RgbPicture,
  ): Promise<{ labels: Uint8Array; ms: number | null }> {
    let ms: number | null = null;
    const { height, width } = picture;
    const labels = await this.#memory.later(`labels ${victim} ${key}`, async () => {
      const { inputSize } = this.#factsOf(victim);
      const small =
        key === 'clean' ? this.#small(picture, inputSize, key) : resizePicture(picture, inputSize);
      const result = await this.#models.segment(victim, small.data, small);
      ms = result.ms;
      return resizeLabelMap(result.labels, small, { height, width });
    });
    return { labels, ms };
  }
}

function keyOf({ victim, attacker, strength, epsilon }: Question): string {
  if (attacker === null || strength === 0) return 'clean';
  return `${attacker} at ${victim} ${strength} ${epsilon}`;
}

/** Of a label map as a grey picture, the class numbers. */
function redOf({ data, height, width }: RgbPicture): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, i) => data[3 * i]!);
}

/** What only we know, who know what is right. */
function scoresIn({ classes: _, ...summary }: Answer['summary']) {
  const { miou, miouAttacked, pixelAccuracy, pixelAccuracyAttacked } = summary;
  return { miou, miouAttacked, pixelAccuracy, pixelAccuracyAttacked };
}

import { proxy, type Remote, transfer } from 'comlink';
import { summarizeAttack } from '../../shared/attack-summary.js';
import { compareLabels } from '../../shared/compare-labels.js';
import { createConfusionMatrix, countPixels } from '../../shared/confusion-matrix.js';
import { countLabels } from '../../shared/label-pixels.js';
import type { ModelFacts } from '../../shared/manifest.js';
import { measurePerturbation } from '../../shared/perturbation.js';
import { decodePicture, decodeUnscaled, readBitmap } from './decode.js';
import { readLabelPicture } from './label-picture.js';
import type { Models } from './models.js';
import { encodePalettePng } from './palette-png.js';
import { paintChanged, paintDifference, paintLabels } from './paint.js';
import type {
  Answer,
  Bitmaps,
  Brush,
  FileName,
  LoadedFrom,
  Milliseconds,
  ModelSource,
  PaneName,
  Progress,
  Provider,
  Question,
  ServiceAnswer,
  Shown,
  TakenPicture,
} from './protocol.js';
import { type RgbPicture, toRgba } from './rgb-picture.js';
import { type Facts, Scene, type Sight } from './scene.js';

/** What the attack changes, and what its answer does. */
const CHANGE_PANES = ['attacked', 'difference'] as const;
const ANSWER_PANES = [...CHANGE_PANES, 'before', 'after', 'changed'] as const;

/** Works on one picture at a time: attacks it, asks a victim about it before and after, compares, and paints. */
export class Studio {
  readonly #models: Remote<Models>;
  readonly #facts = new Map<string, Facts>();
  #scene: Scene | undefined;
  /** What is on the screen. */
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
    this.#scene = new Scene(decoded, this.#models);
    this.#attacked = undefined;
    this.#seen = undefined;
    const { height, width, scaledFrom } = decoded;
    return { size: { height, width }, scaledFrom };
  }

  /**
   * Takes what is right, as a picture of class numbers or of the classes' colours; null forgets it.
   * @throws SegprobeError as `readLabelPicture` and `decodePicture`
   */
  async takeTruth(label: Blob | null, name: string, victim: string): Promise<void> {
    const scene = this.#currentScene();
    scene.truth =
      label &&
      readLabelPicture(await decodeUnscaled(label, name), this.#factsOf(victim), {
        original: scene.picture.scaledFrom ?? scene.picture,
        size: scene.picture,
      });
  }

  /** Computes what a question needs, and keeps it. @returns what each run took that was needed. */
  look(question: Question): Promise<Milliseconds> {
    return this.#currentScene().look(question, this.#factsOf(question.victim));
  }

  /**
   * Shows what is known of a question, as soon as it is attacked, without waiting for the victim.
   *
   * @param nearby - questions whose answer may be shown until there is one, the best first.
   * @returns null where another picture was taken meanwhile.
   */
  async show(question: Question, nearby: readonly Question[], brush: Brush): Promise<Shown | null> {
    const scene = this.#currentScene();
    const facts = this.#factsOf(question.victim);
    const { attacked } = await scene.attack(question, facts);
    if (scene !== this.#scene) return null;
    this.#attacked = attacked;
    let of = question;
    let sight = scene.find(question, facts);
    const isExact = sight !== undefined;
    for (const near of nearby) {
      if (sight !== undefined) break;
      of = near;
      sight = scene.find(near, facts);
    }
    const answer = sight === undefined ? null : this.#compare(of, sight);
    const bitmaps = await this.#paint(answer ? ANSWER_PANES : CHANGE_PANES, brush);
    return transfer({ answer, of, isExact, bitmaps }, Object.values(bitmaps));
  }

  /** Shows what the service says of the picture; null where another picture was taken meanwhile. */
  async adopt(question: Question, given: ServiceAnswer, brush: Brush): Promise<Shown | null> {
    const scene = this.#currentScene();
    const [attacked, before, after] = await Promise.all(
      [given.attacked, given.before, given.after].map((file) => decodeUnscaled(file, 'the answer')),
    );
    if (scene !== this.#scene) return null;
    this.#attacked = attacked!;
    const { picture } = scene;
    const perturbation = measurePerturbation(picture.data, attacked!.data, picture);
    const labels = { before: redOf(before!), after: redOf(after!) };
    const compared = this.#compare(question, { perturbation, labels });
    const summary = { ...given.summary, ...scoresIn(compared.summary) };
    const bitmaps = await this.#paint(ANSWER_PANES, brush);
    const shown: Shown = { answer: { ...compared, summary }, of: question, isExact: true, bitmaps };
    return transfer(shown, Object.values(bitmaps));
  }

  /** The picture, or what was made of it, as a file. */
  async encode(name: FileName, { gain }: Pick<Brush, 'gain'>): Promise<Blob> {
    const { picture } = this.#currentScene();
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

  /** Paints what is on the screen another way. Panes that are not known yet are left out. */
  async paint(panes: readonly PaneName[], brush: Brush): Promise<Bitmaps> {
    const bitmaps = await this.#paint(panes, brush);
    return transfer(bitmaps, Object.values(bitmaps));
  }

  async #paint(panes: readonly PaneName[], { gain, follow }: Brush): Promise<Bitmaps> {
    const { picture } = this.#currentScene();
    const [attacked, seen] = [this.#attacked, this.#seen];
    const painters: Record<PaneName, () => Uint8ClampedArray<ArrayBuffer> | undefined> = {
      original: () => toRgba(picture.data),
      attacked: () => attacked && toRgba(attacked.data),
      difference: () => attacked && paintDifference(picture.data, attacked.data, gain),
      before: () => seen && paintLabels(seen.labels.before, seen.palette, follow),
      after: () => seen && paintLabels(seen.labels.after, seen.palette, follow),
      changed: () => seen && paintChanged(picture.data, seen.labels, seen.palette, follow),
    };
    const painted = panes.map(async (pane) => {
      const rgba = painters[pane]();
      if (rgba === undefined) return [];
      const image = new ImageData(rgba, picture.width, picture.height);
      return [[pane, await createImageBitmap(image)] as const];
    });
    return Object.fromEntries((await Promise.all(painted)).flat());
  }

  #compare(
    { victim, attacker, strength }: Question,
    { labels, perturbation }: Pick<Sight, 'labels' | 'perturbation'>,
  ): Answer {
    const facts = this.#factsOf(victim);
    const { picture, truth } = this.#currentScene();
    const { height, width } = picture;
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
        perturbation,
        before: { pixelCounts: countLabels(labels.before, classCount) },
        after: { pixelCounts: countLabels(labels.after, classCount) },
        comparison: compareLabels(labels.before, labels.after, {
          classCount,
          truth,
          ignoreIndex: Math.min(facts.ignoreIndex, classCount),
        }),
      },
      facts,
    );
    return { size: { height, width }, labels, summary, moves: moves.counts };
  }

  #currentScene(): Scene {
    if (this.#scene === undefined) throw new Error('expected a picture');
    return this.#scene;
  }

  #factsOf(name: string): Facts {
    const facts = this.#facts.get(name);
    if (facts === undefined) throw new Error(`expected ${name} loaded`);
    return facts;
  }
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

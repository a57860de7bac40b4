import type { Remote } from 'comlink';
import { resizeLabelMap } from '../../shared/label-map.js';
import type { ModelFacts } from '../../shared/manifest.js';
import { measurePerturbation, type Perturbation } from '../../shared/perturbation.js';
import type { DecodedPicture } from './decode.js';
import { Memory } from './memory.js';
import type { Models } from './models.js';
import { applyAttack, CONTROLS, greatestChange, liftChange, limitChange } from './perturb.js';
import type { Milliseconds, Question } from './protocol.js';
import { resizePicture } from './resize-picture.js';
import type { RgbPicture } from './rgb-picture.js';

/** What a model's file says of itself, as far as it is used here. */
export type Facts = Pick<ModelFacts, 'classes' | 'palette' | 'ignoreIndex' | 'inputSize'>;

/** What is known of a question: the attacked picture, how far it is from the clean one, and what the victim sees in both. */
export interface Sight {
  readonly attacked: RgbPicture;
  readonly perturbation: Perturbation;
  /** In the picture's size. */
  readonly labels: { readonly before: Uint8Array; readonly after: Uint8Array };
}

/** Every position of the sliders at the largest size that is worked on, about. */
const MOST_BYTES = 160 * 2 ** 20;
/** What a victim sees is of no attack here. */
const CLEAN = 'clean';

/** One picture, and all that is computed of it: what a question shares with an earlier one is not computed again. */
export class Scene {
  readonly picture: DecodedPicture;
  /** What is right at each pixel, `[H, W]` flattened. */
  truth: Uint8Array | null = null;
  readonly #models: Remote<Models>;
  readonly #memory = new Memory(MOST_BYTES);

  constructor(picture: DecodedPicture, models: Remote<Models>) {
    this.picture = picture;
    this.#models = models;
  }

  /** Computes all that a question needs. @returns what each run took that was needed. */
  async look(question: Question, facts: Facts): Promise<Milliseconds> {
    const { victim } = question;
    const [{ attacked, ms: attack }, before] = await Promise.all([
      this.attack(question, facts),
      this.#segment(victim, CLEAN, this.picture, facts),
    ]);
    const after = await this.#segment(victim, this.#keyOf(question, facts), attacked, facts);
    // Not beside the run, whose threads wait for each other: there it would hold up all of them.
    this.#measure(question, attacked, facts);
    return { segment: before, attack, 'segment again': after };
  }

  /** What is known of a question; undefined where a model has to run first. */
  find(question: Question, facts: Facts): Sight | undefined {
    const key = this.#keyOf(question, facts);
    const attacked = question.attacker === null ? this.picture : this.#attackedBy(key);
    const before = this.#labelsOf(question.victim, CLEAN, facts);
    const after = this.#labelsOf(question.victim, key, facts);
    if (attacked === undefined || before === undefined || after === undefined) return undefined;
    const perturbation = this.#measure(question, attacked, facts);
    return { attacked, perturbation, labels: { before, after } };
  }

  /** Attacks the picture. @returns it, and what the attacker took where it had to run. */
  async attack(
    question: Question,
    facts: Facts,
  ): Promise<{ readonly attacked: RgbPicture; readonly ms: number | null }> {
    const { attacker, strength, epsilon } = question;
    if (attacker === null || strength === 0) return { attacked: this.picture, ms: null };
    const known = this.#attackedBy(this.#keyOf(question, facts));
    if (known !== undefined) return { attacked: known, ms: null };
    const small = this.#small(CLEAN, this.picture, facts);
    const control = Object.hasOwn(CONTROLS, attacker) ? CONTROLS[attacker] : undefined;
    let ms: number | null = null;
    let whole: Uint8Array<ArrayBuffer>;
    if (control !== undefined) {
      whole = new Uint8Array(control(small.data, strength));
    } else {
      const name = `attack ${attacker} ${sizeOf(facts)}`;
      const { attacked } = await this.#memory.later(name, async () => {
        const result = await this.#models.attack(attacker, small.data, small);
        ms = result.ms;
        return result;
      });
      whole = applyAttack(small.data, attacked, strength);
    }
    // From here on it has the name of the least epsilon that leaves it as it is.
    this.#memory.now(reachOf(question, facts), () => greatestChange(small.data, whole));
    const key = this.#keyOf(question, facts);
    const attacked = this.#memory.now(`attacked ${key}`, () => {
      const data = limitChange(small.data, whole, epsilon);
      return liftChange(small, { ...small, data }, this.picture);
    });
    return { attacked, ms };
  }

  /** Has the victim look at a picture in its size. @returns what it took, where it had to. */
  async #segment(
    victim: string,
    key: string,
    picture: RgbPicture,
    facts: Facts,
  ): Promise<number | null> {
    let ms: number | null = null;
    await this.#memory.later(labelsKey(victim, key), async () => {
      const small = this.#small(key, picture, facts);
      const result = await this.#models.segment(victim, small.data, small);
      ms = result.ms;
      return result.labels;
    });
    return ms;
  }

  /** What a victim sees, in the picture's size, where that is known. */
  #labelsOf(victim: string, key: string, { inputSize }: Facts): Uint8Array | undefined {
    const labels = this.#memory.find<Uint8Array>(labelsKey(victim, key));
    return labels && resizeLabelMap(labels, inputSize, this.picture);
  }

  #attackedBy(key: string): RgbPicture | undefined {
    return key === CLEAN ? this.picture : this.#memory.find(`attacked ${key}`);
  }

  #measure(question: Question, attacked: RgbPicture, facts: Facts): Perturbation {
    return this.#memory.now(`measure ${this.#keyOf(question, facts)}`, () =>
      measurePerturbation(this.picture.data, attacked.data, this.picture),
    );
  }

  /** A picture in a victim's size: the clean one is kept. */
  #small(key: string, picture: RgbPicture, facts: Facts): RgbPicture {
    const resize = (): RgbPicture => resizePicture(picture, facts.inputSize);
    return key === CLEAN ? this.#memory.now(`small ${sizeOf(facts)}`, resize) : resize();
  }

  /** Names what a question makes of the picture: the same for all epsilons that limit nothing. */
  #keyOf(question: Question, facts: Facts): string {
    const { attacker, strength, epsilon } = question;
    if (attacker === null || strength === 0) return CLEAN;
    const reach = this.#memory.find<number>(reachOf(question, facts)) ?? Infinity;
    const limit = epsilon === null || epsilon >= reach ? 'unlimited' : epsilon;
    return `${attacker} ${sizeOf(facts)} ${strength} ${limit}`;
  }
}

function labelsKey(victim: string, key: string): string {
  return `labels ${victim} ${key}`;
}

/** Names how far an attack reaches without a limit. */
function reachOf({ attacker, strength }: Question, facts: Facts): string {
  return `reach ${attacker} ${sizeOf(facts)} ${strength}`;
}

function sizeOf({ inputSize: { width, height } }: Facts): string {
  return `${width}×${height}`;
}

import { messageOf } from '../shared/errors.js';
import type { OpenedModel } from './open-model.js';
import type { InferencePool } from './pool.js';

/** What became of models that were to be taken up. */
export interface Reloads {
  readonly done: number;
  readonly failed: number;
  /** Why the last one failed; null where it did not, or there was none. */
  readonly lastFailure: string | null;
}

/** A pool whose models can be changed while it serves. */
export interface ReloadablePool extends InferencePool {
  readonly reloads: Reloads;
  /** The pool that serves now; it stays open until it is given back, whatever models come. */
  borrow(): { readonly pool: InferencePool; readonly giveBack: () => void };
  /**
   * Loads other models beside those that serve, and serves by them from when they are warm; the old ones are let go when nobody has them
   * any more. One after the other, where it is asked several times.
   *
   * @param open - opens the models.
   * @throws SegprobeError as `open` and {@link InferencePool.warmUp} do; the old models serve on.
   */
  reload(open: () => Promise<readonly OpenedModel[]>): Promise<void>;
}

/** A pool, and how many have it. */
interface Held {
  readonly pool: InferencePool;
  borrowers: number;
  closing?: Promise<void>;
}

/**
 * Builds a pool whose models can be changed.
 *
 * @param models - the first ones.
 * @param create - starts a pool of models.
 */
export function createReloadablePool(
  models: readonly OpenedModel[],
  create: (models: readonly OpenedModel[]) => InferencePool,
): ReloadablePool {
  let current: Held = { pool: create(models), borrowers: 0 };
  const retired = new Set<Held>();
  let reloads: Reloads = { done: 0, failed: 0, lastFailure: null };
  let last: Promise<void> = Promise.resolve();

  function closeIfIdle(held: Held): void {
    if (held === current || held.borrowers > 0) return;
    void close(held).finally(() => retired.delete(held));
  }

  function close(held: Held): Promise<void> {
    held.closing ??= held.pool.close();
    return held.closing;
  }

  async function replace(open: () => Promise<readonly OpenedModel[]>): Promise<void> {
    let pool: InferencePool | undefined;
    try {
      pool = create(await open());
      await pool.warmUp();
    } catch (error) {
      reloads = { ...reloads, failed: reloads.failed + 1, lastFailure: messageOf(error) };
      await pool?.close();
      throw error;
    }
    const previous = current;
    current = { pool, borrowers: 0 };
    reloads = { ...reloads, done: reloads.done + 1, lastFailure: null };
    retired.add(previous);
    closeIfIdle(previous);
  }

  return {
    get reloads() {
      return reloads;
    },
    get models() {
      return current.pool.models;
    },
    get workers() {
      return current.pool.workers;
    },
    get provider() {
      return current.pool.provider;
    },
    get load() {
      return current.pool.load;
    },
    warmUp: () => current.pool.warmUp(),
    segment: (...args) => current.pool.segment(...args),
    perturb: (...args) => current.pool.perturb(...args),
    compare: (...args) => current.pool.compare(...args),
    infer: (...args) => current.pool.infer(...args),
    borrow() {
      const held = current;
      held.borrowers++;
      let isBack = false;
      const giveBack = (): void => {
        if (isBack) return;
        isBack = true;
        held.borrowers--;
        closeIfIdle(held);
      };
      return { pool: held.pool, giveBack };
    },
    reload(open) {
      const own = last.then(() => replace(open));
      last = own.catch(() => undefined);
      return own;
    },
    async close() {
      await last;
      await Promise.all([...retired, current].map(close));
    },
  };
}

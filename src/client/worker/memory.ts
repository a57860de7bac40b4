/** Bytes that one picture's memory takes, about. */
const MOST_BYTES = 96 * 2 ** 20;

/** Keeps what was computed, by name; the oldest goes where it becomes too much. What fails is forgotten. */
export class Memory {
  readonly #kept = new Map<string, unknown>();
  readonly #most: number;

  /** @param bytes - that a thing takes, about. */
  constructor(bytes: number) {
    this.#most = Math.max(12, Math.floor(MOST_BYTES / bytes));
  }

  /** Computes what is not known yet. */
  now<T>(key: string, compute: () => T): T {
    if (this.#kept.has(key)) return this.#recall(key) as T;
    return this.#keep(key, compute());
  }

  /** Computes what is not known yet, once even where it is asked for while it is computed. */
  later<T>(key: string, compute: () => Promise<T>): Promise<T> {
    if (this.#kept.has(key)) return this.#recall(key) as Promise<T>;
    const computing = compute();
    computing.catch(() => this.#kept.delete(key));
    return this.#keep(key, computing);
  }

  /** What is known, if it is. */
  find<T>(key: string): T | undefined {
    return this.#kept.has(key) ? (this.#recall(key) as T) : undefined;
  }

  #recall(key: string): unknown {
    const value = this.#kept.get(key);
    this.#kept.delete(key);
    this.#kept.set(key, value);
    return value;
  }

  #keep<T>(key: string, value: T): T {
    this.#kept.set(key, value);
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value!);
    return value;
  }
}

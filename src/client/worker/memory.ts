/** Keeps what was computed, by name; what was not asked for for longest goes where it becomes too much. What fails is forgotten. */
export class Memory {
  readonly #kept = new Map<string, unknown>();
  readonly #coming = new Map<string, Promise<unknown>>();
  readonly #most: number;
  #bytes = 0;

  /** @param bytes - that all is to take at most, about: only arrays count. */
  constructor(bytes: number) {
    this.#most = bytes;
  }

  /** Computes what is not known yet. */
  now<T>(key: string, compute: () => T): T {
    return this.#kept.has(key) ? (this.#recall(key) as T) : this.#keep(key, compute());
  }

  /** Computes what is not known yet, once even where it is asked for while it is computed. */
  later<T>(key: string, compute: () => Promise<T>): Promise<T> {
    if (this.#kept.has(key)) return Promise.resolve(this.#recall(key) as T);
    const coming = this.#coming.get(key);
    if (coming !== undefined) return coming as Promise<T>;
    const computing = compute()
      .then((value) => this.#keep(key, value))
      .finally(() => this.#coming.delete(key));
    this.#coming.set(key, computing);
    return computing;
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
    this.#bytes += bytesOf(value);
    while (this.#bytes > this.#most && this.#kept.size > 1) {
      const [oldest] = this.#kept.keys() as Iterable<string> as [string];
      this.#bytes -= bytesOf(this.#kept.get(oldest));
      this.#kept.delete(oldest);
    }
    return value;
  }
}

/** An array's bytes, or those of the arrays that an object consists of. */
function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  const parts = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return parts.reduce<number>(
    (sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0),
    0,
  );
}

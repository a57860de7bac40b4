/** The memory of all arrays of bytes in a message between threads, and in the objects in it, to be moved with it. */
export function buffersOf(message: object): ArrayBuffer[] {
  const buffers = Object.values(message).flatMap((value: unknown) => {
    if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? buffersOf(value)
      : [];
  });
  return [...new Set(buffers)];
}

import { randomUUID } from 'node:crypto';

export interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** A body of several parts, `multipart/mixed`. */
export function encodeParts(parts: readonly Part[]): {
  readonly type: string;
  readonly bytes: Uint8Array;
} {
  const boundary = randomUUID();
  const pieces = parts.flatMap(({ headers, bytes }) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return [Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`), bytes, Buffer.from('\r\n')];
  });
  const bytes = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
  return { type: `multipart/mixed; boundary=${boundary}`, bytes };
}

import net from 'node:net';

/** What came back over a connection. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Sends bytes over a connection of its own, whatever they are, and reads until the other side ends.
 * @param options - whether the sender says that nothing more will come, upon which Node gives unfinished answers up; and how long it waits.
 * @returns the last answer, without those that say to go on; null where none came.
 */
export async function sendRaw(
  port: number,
  bytes: Uint8Array,
  { isLast, timeoutMs }: { readonly isLast: boolean; readonly timeoutMs: number },
): Promise<RawAnswer | null> {
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket
      .on('connect', () => (isLast ? socket.end(bytes) : socket.write(bytes)))
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(timer);
        resolve();
      });
  });
  let text = Buffer.concat(chunks).toString('latin1');
  text = text.replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '');
  const match = /^HTTP\/1\.1 (\d{3}) [^\r]*\r\n([^]*?)\r\n\r\n([^]*)$/.exec(text);
  if (match === null) return null;
  const lines = match[2]!.split('\r\n').map((line) => line.split(': ') as [string, string]);
  const headers = new Map(lines.map(([name, value]) => [name.toLowerCase(), value]));
  return { status: Number(match[1]), headers, body: match[3]! };
}

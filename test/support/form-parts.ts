/** A part of a multipart body, as it was sent. */
export interface ReadPart {
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** Takes a body of `multipart/mixed` apart, by the letter of RFC 2046. */
export async function readParts(response: Response): Promise<ReadPart[]> {
  const boundary = /^multipart\/mixed; boundary=([\w-]+)$/.exec(
    response.headers.get('content-type')!,
  )![1]!;
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  const [preamble, ...parts] = `\r\n${text}`.split(`\r\n--${boundary}`);
  if (preamble !== '' || parts.pop() !== '--\r\n') throw new Error('expected a whole body');
  return parts.map((part) => {
    const end = part.indexOf('\r\n\r\n');
    const lines = part.slice(2, end).split('\r\n');
    const headers = lines.map((line) => line.split(': ') as [string, string]);
    return { headers: new Headers(headers), bytes: Buffer.from(part.slice(end + 4), 'latin1') };
  });
}

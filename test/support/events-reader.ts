import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs/light.js';

/** A field of a message by its number: numbers and bytes, in the order in which they stand. */
type Fields = Readonly<Record<number, (number | Buffer)[]>>;

/** What an events file says, read by its format's description alone. */
export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly sessionStatus?: number;
  readonly scalars: Readonly<Record<string, number>>;
  readonly images: Readonly<Record<string, { width: number; height: number; png: Buffer }>>;
}

/** Reads an events file, checksums and all. */
export function readEventsFile(file: string): ReadEvent[] {
  const bytes = readFileSync(file);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    assert.equal(bytes.readUInt32LE(at + 8), masked(bytes.subarray(at, at + 8)), 'length');
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(data.length, length);
    assert.equal(bytes.readUInt32LE(at + 12 + length), masked(data), 'data');
    events.push(toEvent(fieldsOf(data)));
    at += length + 16;
  }
  return events;
}

function toEvent(event: Fields): ReadEvent {
  const values = (event[5] ?? []).flatMap((summary) => fieldsOf(summary as Buffer)[1] ?? []);
  const scalars: Record<string, number> = {};
  const images: Record<string, { width: number; height: number; png: Buffer }> = {};
  for (const value of values.map((bytes) => fieldsOf(bytes as Buffer))) {
    const tag = String(value[1]![0]);
    if (value[2]) scalars[tag] = value[2][0] as number;
    if (value[4]) {
      const { 1: height, 2: width, 4: png } = fieldsOf(value[4][0] as Buffer);
      images[tag] = {
        width: width![0] as number,
        height: height![0] as number,
        png: png![0] as Buffer,
      };
    }
  }
  return {
    wallTime: event[1]![0] as number,
    step: (event[2]?.[0] as number | undefined) ?? 0,
    ...(event[3] && { fileVersion: String(event[3][0]) }),
    ...(event[7] && { sessionStatus: fieldsOf(event[7][0] as Buffer)[1]![0] as number }),
    scalars,
    images,
  };
}

/** Takes a message apart by its wire types alone. */
function fieldsOf(message: Buffer): Fields {
  const reader = protobuf.Reader.create(message);
  const fields: Record<number, (number | Buffer)[]> = {};
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const read = [
      () => Number(reader.int64()),
      () => reader.double(),
      () => Buffer.from(reader.bytes()),
    ];
    const value = (tag & 7) === 5 ? reader.float() : read[tag & 7]!();
    (fields[tag >>> 3] ??= []).push(value);
  }
  return fields;
}

/** The masked CRC-32C of a record, bit by bit. */
function masked(bytes: Buffer): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  crc ^= 0xffffffffn;
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

import protobuf from 'protobufjs/light.js';
import { SegprobeError } from '../errors.js';
import { modelFieldNumber } from './schema.js';

const WIRE_LENGTH_DELIMITED = 2;

/**
 * Reads the metadata_props of an ONNX file without decoding its graph: the runtimes' JavaScript interfaces do not
 * show them. Costs microseconds, whatever the file's size.
 *
 * @param what - names the file in messages.
 * @throws SegprobeError `MODEL_INVALID` for anything that is no whole ONNX file.
 */
export function readModelMetadata(bytes: Uint8Array, what = 'model'): Record<string, string> {
  const metadataField = modelFieldNumber('metadataProps');
  const irVersionField = modelFieldNumber('irVersion');
  const graphField = modelFieldNumber('graph');
  const metadata: [string, string][] = [];
  const seen = new Set<number>();
  try {
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      seen.add(field);
      if (field === metadataField && (tag & 7) === WIRE_LENGTH_DELIMITED) {
        metadata.push(readEntry(reader));
      } else {
        reader.skipType(tag & 7);
      }
    }
  } catch (cause) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${what}: expected a whole ONNX file, got other bytes or a part of one`,
      { cause },
    );
  }
  if (!seen.has(irVersionField) || !seen.has(graphField)) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${what}: expected an ONNX file, got bytes without IR version or graph`,
    );
  }
  return Object.fromEntries(metadata);
}

function readEntry(reader: protobuf.Reader): [key: string, value: string] {
  const end = reader.uint32() + reader.pos;
  let [key, value] = ['', ''];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) key = reader.string();
    else if (tag >>> 3 === 2) value = reader.string();
    else reader.skipType(tag & 7);
  }
  return [key, value];
}

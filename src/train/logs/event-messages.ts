import protobuf from 'protobufjs/light.js';

/** An encoded picture. */
export interface EventImage {
  readonly width: number;
  readonly height: number;
  /** PNG, RGB. */
  readonly encodedImageString: Uint8Array;
  readonly colorspace: typeof COLORSPACE_RGB;
}

/** One figure or picture under its name. */
export type SummaryValue = { readonly tag: string } & (
  { readonly simpleValue: number } | { readonly image: EventImage }
);

/** What TensorBoard reads: one message of an events file. */
export type Event = {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
} & (
  | { readonly fileVersion: string }
  | { readonly sessionLog: { readonly status: typeof SESSION_START } }
  | { readonly summary: { readonly value: readonly SummaryValue[] } }
);

export const COLORSPACE_RGB = 3;
/** Readers forget what they have read of this event's step and later ones: it is done anew. */
export const SESSION_START = 1;
/** Readers heed {@link SESSION_START} from version 2 on. */
export const FILE_VERSION = 'brain.Event:2';

/**
 * The fields in use of TensorFlow's messages, with their numbers on the wire. (Both are part of the format that every
 * TensorBoard reads.)
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/summary.proto
 */
const MESSAGES = {
  Event: {
    wallTime: { id: 1, type: 'double' },
    step: { id: 2, type: 'int64' },
    fileVersion: { id: 3, type: 'string' },
    summary: { id: 5, type: 'Summary' },
    sessionLog: { id: 7, type: 'SessionLog' },
  },
  SessionLog: { status: { id: 1, type: 'int32' } },
  Summary: { value: { id: 1, type: 'Value', rule: 'repeated' } },
  Value: {
    tag: { id: 1, type: 'string' },
    simpleValue: { id: 2, type: 'float' },
    image: { id: 4, type: 'Image' },
  },
  Image: {
    height: { id: 1, type: 'int32' },
    width: { id: 2, type: 'int32' },
    colorspace: { id: 3, type: 'int32' },
    encodedImageString: { id: 4, type: 'bytes' },
  },
} as const satisfies Record<string, Record<string, protobuf.IField>>;

const eventType = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    // proto2: a figure of 0 is written too.
    Object.entries(MESSAGES).map(([name, fields]) => [name, { edition: 'proto2', fields }]),
  ),
}).lookupType('Event');

/** Encodes an event as protocol buffers have it. */
export function encodeEvent(event: Event): Uint8Array {
  return eventType.encode(eventType.fromObject(event)).finish();
}

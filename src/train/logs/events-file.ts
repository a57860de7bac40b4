import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fromFileError } from '../../data/files.js';
import {
  encodeEvent,
  type Event,
  FILE_VERSION,
  SESSION_START,
  type SummaryValue,
} from './event-messages.js';
import { frameRecord } from './tf-record.js';

/** A file of TensorBoard's to which a training adds. */
export interface EventsFile {
  /** Keeps values of a step for the next {@link flush}. */
  add(step: number, values: readonly SummaryValue[]): void;
  /**
   * Appends what was added since; the first time, makes file and folder.
   * @throws SegprobeError `DISK_FULL` and others of the file system.
   */
  flush(): void;
}

export interface EventsFileOptions {
  /** The folder that TensorBoard is given. */
  readonly folder: string;
  /** The first step to come: what other files of the folder hold of it and later ones counts no more. */
  readonly firstStep: number;
  /** Whether the folder's other files are of this training; else they go. */
  readonly resumed: boolean;
  /** Seconds since 1970. @defaultValue the clock */
  readonly now?: () => number;
}

const NAME = /^events\.out\.tfevents\.(\d+)\.segprobe$/;

/**
 * Begins an events file; nothing is on the disk before the first flush. A run that is resumed has a file for each session: readers
 * put them together by the seconds in their names.
 */
export function createEventsFile(options: EventsFileOptions): EventsFile {
  const { folder, firstStep, now = () => Date.now() / 1000 } = options;
  const begin: readonly Event[] = [
    { wallTime: now(), fileVersion: FILE_VERSION },
    { wallTime: now(), step: firstStep, sessionLog: { status: SESSION_START } },
  ];
  let pending: Event[] = [];
  let file: string | undefined;
  return {
    add: (step, value) => void pending.push({ wallTime: now(), step, summary: { value } }),
    flush: () => {
      if (pending.length === 0) return;
      const events = file === undefined ? [...begin, ...pending] : pending;
      try {
        file ??= openFile(options, Math.floor(now()));
        appendFileSync(file, Buffer.concat(events.map((event) => frameRecord(encodeEvent(event)))));
      } catch (error) {
        throw fromFileError(error, file ?? folder);
      }
      pending = [];
    },
  };
}

/** Names the session's file, later than all others of the folder. */
function openFile({ folder, resumed }: EventsFileOptions, seconds: number): string {
  mkdirSync(folder, { recursive: true });
  const others = readdirSync(folder).filter((name) => NAME.test(name));
  if (!resumed) for (const name of others) rmSync(path.join(folder, name));
  const latest = resumed ? others.map((name) => Number(NAME.exec(name)![1])) : [];
  const own = Math.max(seconds, ...latest.map((second) => second + 1));
  return path.join(folder, `events.out.tfevents.${own}.segprobe`);
}

import cliProgress from 'cli-progress';
import { printMessage } from './output.js';

/** Shows how far something is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  update(done: number, note?: string): void;
  /** Prints a line above the bar. */
  log(text: string): void;
  /** Takes the bar away; needed on every way out, since a bar keeps the process alive and the cursor hidden. */
  stop(): void;
}

/** Seconds between two lines where there is no terminal. */
const LINE_INTERVAL = 30;

/**
 * Starts to show progress on stderr.
 * @param what - stands before the bar, e.g. `epoch 3/20`.
 * @param total - steps in all.
 */
export function startProgress(what: string, total: number): Progress {
  return process.stderr.isTTY ? startBar(what, total) : startLines(what, total);
}

function startBar(what: string, total: number): Progress {
  let [done, note] = [0, ''];
  let bar = openBar(what, total, done, note);
  const stop = (): void => {
    bar.stop();
    process.off('exit', stop);
  };
  process.on('exit', stop);
  return {
    update: (nowDone, nowNote = '') => {
      [done, note] = [nowDone, nowNote];
      bar.update(done, { note });
    },
    log: (text) => {
      bar.stop();
      printMessage(text);
      bar = openBar(what, total, done, note);
    },
    stop,
  };
}

function openBar(
  what: string,
  total: number,
  done: number,
  note: string,
): InstanceType<typeof cliProgress.SingleBar> {
  const bar = new cliProgress.SingleBar({
    format: `${what} {bar} {value}/{total}{note}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    gracefulExit: false, // Whoever started it stops it.
  });
  bar.start(total, done, { note });
  return bar;
}

function startLines(what: string, total: number): Progress {
  let printed = performance.now();
  return {
    update: (done, note = '') => {
      const now = performance.now();
      if (now - printed < LINE_INTERVAL * 1000) return;
      printed = now;
      printMessage(`${what}: ${done}/${total}${note}`);
    },
    log: printMessage,
    stop: () => undefined,
  };
}

/** Makes a listener that shows scenes, their speed and the time that is left; the speed counts from its first call, with 0 done. */
export function showSpeed(progress: Progress, total: number): (done: number) => void {
  let started = 0;
  return (done) => {
    if (done === 0) {
      started = performance.now();
      return;
    }
    const speed = (1000 * done) / (performance.now() - started);
    const left = formatDuration((total - done) / speed);
    progress.update(done, `, ${speed.toFixed(1)} images/s, ${left} left`);
  };
}

/** `75` → `1:15`, `4000` → `1:06:40`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

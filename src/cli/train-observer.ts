import type { TrainObserver } from '../train/train-observer.js';
import { printMessage } from './output.js';
import { formatDuration, type Progress, startProgress } from './progress.js';
import { formatCount, formatPercent } from './scores.js';

/** A {@link TrainObserver} that shows what it is told on stderr. */
export interface ShownTraining extends TrainObserver {
  /** Shows how far the counting of the classes is, before the training. */
  readonly onClassPixels: (done: number, total: number) => void;
  /** Prints a line without disturbing the bar. */
  log(text: string): void;
  /** Takes the bar away; needed on every way out. */
  stop(): void;
}

/**
 * Shows a training to the person who waits for it: a bar (or a line now and then) within an epoch and its validation, one
 * line for each epoch.
 *
 * @param options.printStep - a line for each step instead of the bar.
 * @param options.miouName - what the mIoU is called.
 * @param options.now - seconds of a clock, for the time left.
 */
export function createTrainObserver({
  printStep,
  miouName = 'mIoU',
  now = () => performance.now() / 1000,
}: {
  printStep: boolean;
  miouName?: string;
  now?: () => number;
}): ShownTraining {
  let epochs = 0;
  let pace = createPace(epochs);
  let bestMiou: number | null = null;
  let progress: Progress | undefined;
  let shown = '';
  const show = (what: string, total: number): Progress => {
    if (progress !== undefined && shown === what) return progress;
    stop();
    shown = what;
    return (progress = startProgress(what, total));
  };
  const log = (text: string): void =>
    progress === undefined ? printMessage(text) : progress.log(text);
  const stop = (): void => {
    progress?.stop();
    progress = undefined;
  };

  return {
    log,
    stop,
    onClassPixels: (done, total) => {
      show("counting the classes' pixels", total).update(done, ' labels');
    },
    onStart: ({ epoch, step, stepsPerEpoch, bestMiou: best, resumed, ...start }) => {
      [epochs, bestMiou] = [start.epochs, best];
      pace = createPace(epochs);
      stop();
      if (resumed)
        log(`resumed after ${formatCount(epoch, 'epoch')}, ${formatCount(step, 'step')} in all`);
      if (epoch >= epochs) {
        log(`all ${formatCount(epochs, 'epoch')} done already; more --epochs go on`);
        return;
      }
      log(
        `${formatCount(epochs - epoch, 'epoch')} of ${formatCount(stepsPerEpoch, 'step')}; the first step takes longest, Ctrl-C saves and stops`,
      );
    },
    onStep: ({ epoch, batch, stepsPerEpoch, loss, images }) => {
      pace.step(now(), epoch, batch, images, stepsPerEpoch);
      if (printStep) {
        log(`epoch ${epoch}/${epochs}, step ${batch}/${stepsPerEpoch}: loss ${loss.toFixed(5)}`);
        return;
      }
      const best = bestMiou === null ? '' : `, best ${miouName} ${formatPercent(bestMiou)}`;
      const note = `, loss ${loss.toFixed(4)}${pace.describe()}${best}`;
      show(`epoch ${epoch}/${epochs}`, stepsPerEpoch).update(batch, note);
    },
    onValidation: ({ epoch, images, totalImages }) => {
      const what = `epoch ${epoch}/${epochs}, validation`;
      show(what, totalImages).update(images, ' images');
    },
    onEpoch: (report) => {
      stop();
      bestMiou = report.bestMiou;
      pace.epoch(now());
      const score =
        report.valMiou === null
          ? ''
          : `, val ${miouName} ${formatPercent(report.valMiou)} (best ${formatPercent(report.bestMiou)})`;
      const speed =
        report.imagesPerSecond === null ? '' : `, ${report.imagesPerSecond.toFixed(1)} images/s`;
      log(
        `epoch ${report.epoch}/${epochs}: loss ${report.trainLoss.toFixed(4)}${score}${speed}, ${formatDuration(report.seconds)}, ` +
          `waited ${report.waitSeconds.toFixed(1)} s for pictures`,
      );
    },
  };
}

/** Takes the speed over the whole session, so that the time left does not jump; its first step, which compiles, not. */
export function createPace(epochs: number) {
  let [steps, stepSeconds, images] = [0, 0, 0];
  let [validations, validationSeconds] = [0, 0];
  let last: { at: number; epoch: number } | undefined;
  let left = { epoch: 0, all: 0 };
  return {
    step(at: number, epoch: number, batch: number, count: number, stepsPerEpoch: number): void {
      if (last?.epoch === epoch) {
        [steps, stepSeconds, images] = [steps + 1, stepSeconds + at - last.at, images + count];
      }
      last = { at, epoch };
      const perStep = stepSeconds / steps;
      const perValidation = validations === 0 ? 0 : validationSeconds / validations;
      const inEpoch = (stepsPerEpoch - batch) * perStep + perValidation;
      const perEpoch = stepsPerEpoch * perStep + perValidation;
      left = { epoch: inEpoch, all: inEpoch + (epochs - epoch) * perEpoch };
    },
    epoch(at: number): void {
      if (last === undefined) return; // This session only validated.
      [validations, validationSeconds] = [validations + 1, validationSeconds + at - last.at];
    },
    /** `, 14.2 images/s, 0:12 left, 1:03:20 in all` */
    describe(): string {
      if (steps === 0) return '';
      const speed = `${(images / stepSeconds).toFixed(1)} images/s`;
      return `, ${speed}, ${formatDuration(left.epoch)} left (${formatDuration(left.all)} in all)`;
    },
  };
}

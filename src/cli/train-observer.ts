import type { TrainObserver } from '../train/train.js';
import { printMessage } from './output.js';
import { formatDuration, type Progress, startProgress } from './progress.js';
import { formatPercent } from './scores.js';

/** Shows a training to the person who waits for it: a bar (or lines) within an epoch, one line for each. */
export function createTrainObserver({
  epochs,
  printStep,
}: {
  epochs: number;
  printStep: boolean;
}): TrainObserver {
  let progress: Progress | undefined;
  let shownEpoch = 0;
  // Speed is taken over the whole session, so that the time left does not jump.
  let images = 0;
  let seconds = 0;
  let stepsDone = 0;
  return {
    onStart: ({ epoch, step, stepsPerEpoch, resumed }) => {
      if (resumed) printMessage(`resumed after ${epoch} epochs, ${step} steps`);
      printMessage(
        `${epochs - epoch} epochs of ${stepsPerEpoch} steps; the first step takes longest`,
      );
    },
    onStep: ({ epoch, batch, stepsPerEpoch, loss, images: count, seconds: took }) => {
      if (stepsDone++ > 0) [images, seconds] = [images + count, seconds + took];
      if (printStep)
        printMessage(`epoch ${epoch} step ${batch}/${stepsPerEpoch}: loss ${loss.toFixed(5)}`);
      if (epoch !== shownEpoch)
        progress = startProgress(`epoch ${(shownEpoch = epoch)}/${epochs}`, stepsPerEpoch);
      const left = (epochs - epoch) * stepsPerEpoch + stepsPerEpoch - batch;
      const eta =
        seconds > 0
          ? `, ${formatDuration((left * seconds) / (stepsDone - 1))} of training left`
          : '';
      const speed = seconds > 0 ? `, ${(images / seconds).toFixed(1)} images/s` : '';
      progress!.update(batch, `loss ${loss.toFixed(4)}${speed}${eta}`);
    },
    onEpoch: (report) => {
      progress?.stop();
      printMessage(
        `epoch ${report.epoch}/${epochs}: loss ${report.trainLoss.toFixed(4)}, val mIoU ${formatPercent(report.valMiou)} ` +
          `(best ${formatPercent(report.bestMiou)}), ${report.imagesPerSecond.toFixed(1)} images/s, ` +
          `${formatDuration(report.seconds)}, waited ${report.waitSeconds.toFixed(2)} s for pictures`,
      );
    },
  };
}

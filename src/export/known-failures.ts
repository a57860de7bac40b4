import type { TrainState } from '../train/checkpoint.js';

/** A class of which less than this is found counts as one that the model fails at. */
const WEAK_IOU = 0.5;

/** What pictures of a data set are all alike in, so that nothing is known of others. */
const ALL_ALIKE: Readonly<Record<string, string>> = {
  camvid:
    'CamVid is a few drives around Cambridge, by day and at dusk, through one windscreen: other cameras, places, weather and night were not measured.',
  cityscapes:
    'Cityscapes is German and neighbouring cities on dry days, through one windscreen: other cameras, places, weather and night were not measured.',
  sample: 'Drawn street scenes: photographs were not measured.',
};

/**
 * What a victim is known to fail at, a sentence each, worst first: classes of low IoU on the split that it was validated on, what
 * that figure does not tell, and whether anything was done against attacks.
 */
export function knownFailuresOf({
  best,
  classes,
  ignoreIndex,
  config,
}: Pick<TrainState, 'best' | 'classes' | 'ignoreIndex' | 'config'>): string[] {
  const weak = classes
    .map(({ name }, k) => ({ name, k, iou: best?.iou[k] ?? null }))
    .filter(({ k, iou }) => k !== ignoreIndex && iou !== null && iou < WEAK_IOU)
    .sort((a, b) => a.iou! - b.iou!)
    .map(({ name, iou }) => `${name}: IoU ${(100 * iou!).toFixed(1)} % on val.`);
  const isMeasured = best !== null && best.images !== null;
  return [
    ...weak,
    ...(isMeasured
      ? ['The epoch was chosen by the figures on val themselves: expect less on other pictures.']
      : ['Nothing was measured.']),
    ...(ALL_ALIKE[config.dataset] === undefined ? [] : [ALL_ALIKE[config.dataset]!]),
    config.attackers === undefined
      ? 'Nothing was done against attacks: small changes of the picture that nobody sees can make it fail.'
      : `Hardened against ${config.attackers.join(', ')} alone: an attacker trained against this model does better.`,
  ];
}

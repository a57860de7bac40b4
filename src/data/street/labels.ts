import { CAMVID, classNames } from '../../shared/classes.js';

const number = (name: string): number => classNames(CAMVID).indexOf(name);

/** CamVid's class numbers by name. */
export const LABEL = {
  sky: number('sky'),
  building: number('building'),
  pole: number('pole'),
  road: number('road'),
  pavement: number('pavement'),
  tree: number('tree'),
  sign: number('sign_symbol'),
  fence: number('fence'),
  car: number('car'),
  pedestrian: number('pedestrian'),
  bicyclist: number('bicyclist'),
  unlabeled: number('unlabeled'),
} as const;

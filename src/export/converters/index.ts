import type { Converter } from '../converter.js';
import { convertBiasAdd } from './bias-add.js';
import { convertAddWithinL2, convertAddWithinLinf } from './bounded-sum.js';
import { convertClampToUnit } from './clamp.js';
import { convertConcat } from './concat.js';
import { convertConst, convertReshape, convertSplit } from './constants.js';
import { convertConv2dBackpropInput } from './conv2d-backprop-input.js';
import { convertConv2d } from './conv2d.js';
import { convertAdd, convertIdentity, convertRelu } from './elementwise.js';
import { convertFusedBatchNorm } from './fused-batch-norm.js';
import { convertMaxPool } from './max-pool.js';
import { convertMaxUnpool } from './max-unpool.js';
import { convertOverlappingMaxUnpool, convertUnpadIndices } from './overlapping-max-unpool.js';
import { convertPad } from './pad.js';
import { convertPrelu } from './prelu.js';

/** A converter for each TensorFlow operator that an evaluation graph may hold. To add one: a file here and a row below. */
export const CONVERTERS: Readonly<Record<string, Converter>> = {
  Add: convertAdd,
  AddV2: convertAdd,
  BiasAdd: convertBiasAdd,
  ConcatV2: convertConcat,
  Const: convertConst,
  Conv2D: convertConv2d,
  Conv2DBackpropInput: convertConv2dBackpropInput,
  FusedBatchNorm: convertFusedBatchNorm,
  Identity: convertIdentity,
  MaxPool: convertMaxPool,
  MaxPoolWithArgmax: convertMaxPool,
  PadV2: convertPad,
  Relu: convertRelu,
  Reshape: convertReshape,
  SplitV: convertSplit,
};

/** A converter for each function that code marks by `jit(label, …)`. */
export const CALL_CONVERTERS: Readonly<Record<string, Converter>> = {
  addWithinL2: convertAddWithinL2,
  addWithinLinf: convertAddWithinLinf,
  clampToUnit: convertClampToUnit,
  maxUnpool: convertMaxUnpool,
  overlappingMaxUnpool: convertOverlappingMaxUnpool,
  prelu: convertPrelu,
  unpadIndices: convertUnpadIndices,
};

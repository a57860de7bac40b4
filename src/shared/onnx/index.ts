export { decodeModel, encodeModel } from './codec.js';
export { readModelMetadata } from './metadata.js';
export { ATTRIBUTE_TYPES, ELEMENT_TYPES } from './types.js';
export type * from './types.js';
export {
  DEFAULT_OPSET,
  IR_VERSION_OF_OPSET,
  makeGraph,
  makeModel,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
} from './vocabulary.js';
export type { AttributeValue, GraphParts, ModelOptions } from './vocabulary.js';

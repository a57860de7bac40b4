export { readPyTorchCheckpoint } from './read-pytorch-checkpoint.js';
export { stateDictOf } from './state-dict-of.js';
export { isDictionary, isTensor } from './value.js';
export type { PyTorchKey, PyTorchValue } from './value.js';

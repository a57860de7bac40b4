import type { Converter } from '../converter.js';
import { unsupported } from '../converter.js';

/** Operators that mean the same in both, number by number. */
export const convertRelu: Converter = (context) => context.emit('Relu', [context.value(0)]);

export const convertAdd: Converter = (context) => {
  if (String(context.shapeOf(0)) !== String(context.shapeOf(1))) {
    throw unsupported(context.node, 'expected two tensors of one shape');
  }
  context.emit('Add', [context.value(0), context.value(1)]);
};

export const convertIdentity: Converter = (context) => context.alias(0, context.input(0));

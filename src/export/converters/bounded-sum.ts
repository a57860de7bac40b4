import {
  type ConvertContext,
  type Converter,
  floatInitializer,
  floatScalar,
  type Initializer,
} from '../converter.js';
import { NHWC_TO_NCHW, transpose } from '../transpose.js';

/** Where the axes of one image lie in NCHW. */
const IMAGE_AXES = [1, 2, 3];

/**
 * The compiled function `addWithinLinf(image, raw, epsilon)` (src/train/attackers/bounded.ts); ONNX: Clip, Mul, Add and Clip, or
 * for a raw perturbation that is a weight, the first two done here.
 */
export const convertAddWithinLinf: Converter = (context) => {
  const [epsilon] = context.constant(2).values;
  addToImage(
    context,
    perturbationOf(context, {
      known: (raw) => raw.map((value) => epsilon! * Math.min(1, Math.max(-1, value))),
      computed: (raw) => {
        const limits = [floatScalar('least', -1), floatScalar('most', 1)];
        const cut = context.add('Clip', [raw, ...limits]);
        return context.add('Mul', [cut, floatScalar('epsilon', epsilon!)]);
      },
    }),
  );
};

/** The compiled function `addWithinL2(image, raw, epsilon)`; ONNX: image + epsilon · raw / √(1 + ‖raw‖²), cut to 0..1. */
export const convertAddWithinL2: Converter = (context) => {
  const [epsilon] = context.constant(2).values;
  addToImage(
    context,
    perturbationOf(context, {
      known: (raw) => {
        const squares = raw.reduce((sum, value) => sum + value * value, 0);
        return raw.map((value) => (epsilon! * value) / Math.sqrt(1 + squares));
      },
      computed: (raw) => {
        const squares = context.add('ReduceSumSquare', [raw], { axes: { ints: IMAGE_AXES } });
        const length = context.add('Sqrt', [context.add('Add', [squares, floatScalar('one', 1)])]);
        const direction = context.add('Div', [raw, length]);
        return context.add('Mul', [direction, floatScalar('epsilon', epsilon!)]);
      },
    }),
  );
};

/** What is added to the image: computed by the graph, or known where the raw perturbation is a weight. */
function perturbationOf(
  context: ConvertContext,
  how: {
    readonly known: (raw: Float32Array) => Float32Array;
    readonly computed: (raw: string) => string;
  },
): string | Initializer {
  const raw = context.input(1);
  if (raw.kind === 'value') return how.computed(raw.name);
  const { shape, values } = raw.constant;
  const bounded = how.known(Float32Array.from(values));
  return floatInitializer(
    'perturbation',
    raw.constant,
    transpose({ shape, values: bounded }, NHWC_TO_NCHW),
  );
}

function addToImage(context: ConvertContext, perturbation: string | Initializer): void {
  const sum = context.add('Add', [context.value(0), perturbation]);
  context.emit('Clip', [sum, floatScalar('min', 0), floatScalar('max', 1)]);
}

import { adam, adamStep } from '../../src/train/optimizer.js';
import { assertAllClose } from '../support/all-close.js';
import {
  describeOnEveryBackend,
  type NdArray,
  type NdArrays,
  ndArray,
  randomArray,
} from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';

const RATE = 5e-4;
const DECAY = 2e-4;
const SIZE = 50;

describe('adamStep', () => {
  it('corrects the moments of the first step fully', () => {
    // 1 − 0.9¹ = 0.1, √(1 − 0.999¹) = √0.001
    const { stepSize, secondCorrection } = adamStep(1, RATE);
    assertAllClose(
      [stepSize, secondCorrection],
      [RATE / 0.1, Math.sqrt(0.001)],
      TOLERANCE.float64Arithmetic,
    );
  });

  it('stops correcting in the long run', () => {
    const { stepSize, secondCorrection } = adamStep(100_000, RATE);
    assertAllClose([stepSize, secondCorrection], [RATE, 1], TOLERANCE.float64Arithmetic);
  });
});

describeOnEveryBackend('adam', (evaluate) => {
  function step(
    state: NdArrays,
    gradient: NdArray,
    number: number,
  ): Promise<Record<string, NdArray>> {
    const { stepSize, secondCorrection } = adamStep(number, RATE);
    const inputs = {
      ...state,
      gradient,
      stepSize: ndArray([], [stepSize]),
      secondCorrection: ndArray([], [secondCorrection]),
    };
    return evaluate(inputs, ({ parameters, firstMoment, secondMoment, ...rest }) => ({
      ...adam(
        { parameters: parameters!, firstMoment: firstMoment!, secondMoment: secondMoment! },
        rest['gradient']!,
        { stepSize: rest['stepSize']!, secondCorrection: rest['secondCorrection']! },
        DECAY,
      ),
    }));
  }

  it('moves the weights as a float64 loop does, over several steps', async () => {
    const zeros = ndArray([SIZE], new Float64Array(SIZE));
    const parameters = randomArray([SIZE], 50);
    let state: NdArrays = { parameters, firstMoment: zeros, secondMoment: zeros };
    const [weights, first, second] = [
      parameters.values.slice(),
      [...zeros.values],
      [...zeros.values],
    ];
    for (let t = 1; t <= 5; t++) {
      const gradient = randomArray([SIZE], 50 + t, -0.1, 0.1);
      state = await step(state, gradient, t);
      for (let i = 0; i < SIZE; i++) {
        const decayed = gradient.values[i]! + DECAY * weights[i]!;
        first[i] = 0.9 * first[i]! + 0.1 * decayed;
        second[i] = 0.999 * second[i]! + 0.001 * decayed ** 2;
        const mean = first[i]! / (1 - 0.9 ** t);
        const deviation = Math.sqrt(second[i]! / (1 - 0.999 ** t));
        weights[i]! -= (RATE * mean) / (deviation + 1e-8);
      }
    }
    assertAllClose(state['parameters']!.values, weights, TOLERANCE.float32Op, 'weights');
    assertAllClose(state['firstMoment']!.values, first, TOLERANCE.float32Op, 'first moment');
    assertAllClose(state['secondMoment']!.values, second, TOLERANCE.float32Op, 'second moment');
  });

  it('moves every weight by the learning rate in the first step, against its gradient', async () => {
    const zeros = ndArray([2], [0, 0]);
    const state = { parameters: zeros, firstMoment: zeros, secondMoment: zeros };
    const { parameters } = await step(state, ndArray([2], [0.3, -20]), 1);
    assertAllClose(parameters!.values, [-RATE, RATE], TOLERANCE.float32Op);
  });
});

import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../../src/graph/eager-runner.js';
import { createGraphRunner } from '../../src/graph/graph-runner.js';
import { executeRawOp } from '../../src/graph/node-backend.js';
import { jit, type JitFunction } from '../../src/graph/recorder.js';
import { ELEMENTWISE } from '../../src/graph/shapes/elementwise.js';
import { inferOutputs, SHAPE_RULES } from '../../src/graph/shapes/index.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { createEnet } from '../../src/train/models/enet.js';
import { initialWeights } from '../../src/train/packing.js';
import { createVictimProgram } from '../../src/train/victim-program.js';
import { assertAllClose } from '../support/all-close.js';
import { randomArray, tidily, toTensor, useNativeTensorFlow } from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';
import { checkShapes } from './check-shapes.js';
import { OPERATOR_CASES, type OperatorCase } from './operators.js';

describe('inferOutputs', () => {
  describe('what TensorFlow returns', () => {
    useNativeTensorFlow();

    it('is what it says of every operator, one by one', () => {
      for (const operator of OPERATOR_CASES) {
        tf.tidy(() => {
          const inputs = operator.inputs.map(({ array }) => toTensor(array));
          const executed = checkShapes(
            () =>
              void executeRawOp(operator.op, operator.attributes, inputs, operator.outputs ?? 1),
          );
          assert.equal(executed.get(operator.op), 1);
        });
      }
    });

    it("is what it says in ENet's training step and prediction", () => {
      const [height, width] = [24, 40];
      const model = createEnet({ classCount: 5 });
      const program = createVictimProgram({
        model,
        weights: initialWeights(model.spec, 1),
        height,
        width,
        trainBatchSizes: [2],
        predictBatchSizes: [3],
        classWeights: [0, 1, 2, 3, 4],
        weightDecay: 1e-4,
        outputGradient: true,
      });
      const runner = createEagerRunner(program);
      const image = (count: number): tf.Tensor =>
        toTensor(randomArray([count, height, width, 3], 1));
      const executed = checkShapes(() =>
        tf.tidy(() => {
          runner.run('train/2', {
            image: image(2),
            label: tf.ones([2, height, width], 'int32'),
            seed: tf.tensor1d([1, 2], 'int32'),
            stepSize: tf.scalar(1e-3),
            secondCorrection: tf.scalar(1),
          });
          runner.run('predict/3', { image: image(3) });
        }),
      );
      runner.dispose();
      assert.ok(executed.get('Conv2D')! > 100, 'convolutions executed');
      assert.ok(executed.get('FusedBatchNormGradV3')! > 50, 'gradients computed');
    });
  });

  it('is tested on every operator it has a rule for', () => {
    const tested = new Set(OPERATOR_CASES.map(({ op }) => op));
    assert.deepEqual(
      Object.keys(SHAPE_RULES).filter((op) => !tested.has(op)),
      [],
    );
  });

  it('refuses an operator without a rule, naming it', () => {
    assert.throws(
      () => inferOutputs('Cumsum', [], {}),
      (error) => isSegprobeError(error, 'GRAPH_UNSUPPORTED') && error.message.includes('Cumsum'),
    );
  });

  const input = (shape: number[], values?: number[]) => ({
    dtype: 'float32' as const,
    shape,
    constant: () => values ?? assert.fail('not constant'),
  });

  it('refuses shapes that do not broadcast, naming the operator and both', () => {
    assert.throws(
      () => inferOutputs('AddV2', [input([2, 3]), input([4])], {}),
      (error) =>
        isSegprobeError(error, 'SHAPE_MISMATCH') &&
        /^AddV2: .*\[2,3\] and \[4\]/.test(error.message),
    );
  });

  it('refuses a reshape to another number of elements', () => {
    assert.throws(
      () => inferOutputs('Reshape', [input([2, 3]), input([2], [4, 2])], {}),
      (error) => isSegprobeError(error, 'SHAPE_MISMATCH') && error.message.includes('6 elements'),
    );
  });

  it('refuses a missing attribute', () => {
    assert.throws(
      () => inferOutputs('MatMul', [input([2, 3]), input([3, 2])], {}),
      (error) =>
        isSegprobeError(error, 'GRAPH_UNSUPPORTED') && error.message.includes('transpose_a'),
    );
  });
});

describe('createGraphRunner, given every operator', () => {
  useNativeTensorFlow();

  const execute = ({ op, attributes, outputs = 1 }: OperatorCase, inputs: tf.Tensor[]) =>
    executeRawOp(op, attributes, inputs, outputs);

  /** Runs the cases in one recorded function, its code changed by `wrap`, and compares values with eager execution. */
  function compare(
    cases: readonly OperatorCase[],
    wrap: (all: JitFunction) => (...given: tf.Tensor[]) => tf.Tensor[],
  ): void {
    const fed = cases.flatMap(({ inputs }) => inputs.filter(({ constant }) => !constant));
    const all = wrap((...given) =>
      cases.flatMap((operator) =>
        execute(
          operator,
          operator.inputs.map(({ array, constant }) =>
            constant ? toTensor(array) : given.shift()!,
          ),
        ),
      ),
    );
    const metas = fed.map(({ array: { dtype, shape } }) => ({ dtype, shape }));
    const runner = createGraphRunner({
      state: {},
      functions: {
        run: {
          inputs: numbered(metas),
          run: (inputs) => ({ outputs: numbered(all(...fed.map((_, i) => inputs[`n${i}`]!))) }),
        },
      },
    });
    tidily(() => {
      const outputs = runner.run('run', numbered(fed.map(({ array }) => toTensor(array))));
      let next = 0;
      for (const operator of cases) {
        for (const expected of execute(
          operator,
          operator.inputs.map(({ array }) => toTensor(array)),
        )) {
          const output = outputs[`n${next++}`]!;
          assert.deepEqual(output.shape, expected.shape, operator.op);
          assertAllClose(output.dataSync(), expected.dataSync(), TOLERANCE.float32Op, operator.op);
        }
      }
    });
    runner.dispose();
  }

  it('computes recorded what it computes eagerly', () => {
    compare(
      OPERATOR_CASES,
      (all) =>
        (...given) =>
          [all(...given)].flat(),
    );
  });

  const compiled = OPERATOR_CASES.filter(({ compiles = true }) => compiles);

  it('computes the same compiled by XLA, number by number', () => {
    compare(
      compiled.filter(({ op }) => op in ELEMENTWISE),
      (all) => jit('elementwise', all),
    );
  });

  it('computes the same compiled by XLA @slow', function () {
    if (process.env['SEGPROBE_SLOW'] === undefined) this.skip();
    this.timeout(60_000);
    compare(compiled, (all) => jit('everything', all));
  });
});

function numbered<T>(values: readonly T[]): Record<string, T> {
  return Object.fromEntries(values.map((value, i) => [`n${i}`, value]));
}

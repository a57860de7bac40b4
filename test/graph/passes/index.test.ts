import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createGraphRunner } from '../../../src/graph/graph-runner.js';
import type { Graph } from '../../../src/graph/graph.js';
import { optimizeGraph } from '../../../src/graph/passes/index.js';
import type { Program } from '../../../src/graph/program.js';
import { recordProgram } from '../../../src/graph/record-program.js';
import { createEnet } from '../../../src/train/models/enet.js';
import { adamStep } from '../../../src/train/optimizer.js';
import { initialWeights } from '../../../src/train/packing.js';
import { createVictimProgram } from '../../../src/train/victim-program.js';
import { assertAllClose } from '../../support/all-close.js';
import { randomArray, tidily, toTensor, useNativeTensorFlow } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';

const [BATCH, HEIGHT, WIDTH, CLASSES] = [2, 96, 128, 5];

function enet(): Program {
  const model = createEnet({ classCount: CLASSES });
  return createVictimProgram({
    model,
    weights: initialWeights(model.spec, 1),
    height: HEIGHT,
    width: WIDTH,
    trainBatchSizes: [BATCH],
    predictBatchSizes: [BATCH],
    classWeights: [1, 2, 1, 0, 3],
    weightDecay: 2e-4,
    outputGradient: true,
  });
}

describe('optimizeGraph', () => {
  useNativeTensorFlow();

  it('keeps signatures and variables, and makes the same of the same graph', () => {
    const recorded = recordProgram(enet());
    const optimized = optimizeGraph(recorded);
    assert.deepEqual(optimized.signatures, recorded.signatures);
    assert.deepEqual(optimized.variables, recorded.variables);
    assert.deepEqual(optimizeGraph(recordProgram(enet())), optimized);
  });

  it('leaves every reference of a node or function with something to refer to', () => {
    const { nodes, functions } = optimizeGraph(recordProgram(enet()));
    const names = new Set(nodes.map(({ name }) => name));
    assert.equal(names.size, nodes.length);
    const called = new Set(functions.map(({ name }) => name));
    for (const { name, inputs, attributes } of nodes) {
      for (const input of inputs) assert.ok(names.has(nodeOf(input)), `${input} of ${name}`);
      const { f } = attributes;
      if (f?.kind === 'function') assert.ok(called.has(f.value), `${f.value} of ${name}`);
    }
    for (const body of functions) {
      const inner = new Set([...body.parameters, ...body.nodes].map(({ name }) => name));
      for (const input of body.nodes.flatMap(({ inputs }) => inputs)) {
        assert.ok(inner.has(nodeOf(input)), `${input} in ${body.name}`);
      }
    }
  });

  it('computes the same step and the same prediction of ENet', function () {
    this.timeout(120_000); // XLA compiles each graph's functions.
    const found = runOnce(optimizeGraph);
    const expected = runOnce((graph) => graph);
    assertAllClose(found.loss, expected.loss, TOLERANCE.sameNetwork, 'loss');
    assertAllClose(found.logits, expected.logits, TOLERANCE.sameNetwork, 'logits');
    // A few activations within rounding of 0 fall on its other side; golden-enet.test.ts holds them where they were.
    const difference = found.gradient.map((value, i) => value - expected.gradient[i]!);
    const share = norm(difference) / norm(expected.gradient);
    assert.ok(share < 1e-2, `the gradients differ by ${share} of their norm`);
  });
});

/** One prediction and one step, on the first weights. */
function runOnce(optimize: (graph: Graph) => Graph) {
  const runner = createGraphRunner(enet(), optimize);
  try {
    return tidily(() => {
      const image = toTensor(randomArray([BATCH, HEIGHT, WIDTH, 3], 1, 0, 1));
      const pixels = BATCH * HEIGHT * WIDTH;
      const label = Int32Array.from({ length: pixels }, (_, i) => (i >> 5) % CLASSES);
      const { stepSize, secondCorrection } = adamStep(1, 5e-4);
      const { logits } = runner.run(`predict/${BATCH}`, { image });
      const { loss, gradient } = runner.run(`train/${BATCH}`, {
        image,
        label: tf.tensor(label, [BATCH, HEIGHT, WIDTH], 'int32'),
        seed: tf.tensor1d([1, 2], 'int32'),
        stepSize: tf.scalar(stepSize),
        secondCorrection: tf.scalar(secondCorrection),
      });
      return {
        logits: logits!.dataSync<'float32'>(),
        loss: loss!.dataSync<'float32'>(),
        gradient: gradient!.dataSync<'float32'>(),
      };
    });
  } finally {
    runner.dispose();
  }
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function nodeOf(reference: string): string {
  return reference.replace(/^\^/, '').replace(/:\d+$/, '');
}

import assert from 'node:assert/strict';
import { MAX_LOGIT_DIFFERENCE, verifyVictim } from '../../src/export/verify-victim.js';
import { createVictimGraph, type VictimWeights } from '../../src/export/victim-graph.js';
import { type ErrorCode, isSegprobeError } from '../../src/shared/errors.js';
import { encodeModel, type GraphProto, makeModel } from '../../src/shared/onnx/index.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { tinyVictim } from '../support/tiny-models.js';
import { randomEnet } from './enet-checkpoint.js';

describe('verifyVictim', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  const victim = randomEnet(4);
  let graph: GraphProto;
  before(() => {
    graph = createVictimGraph('street', victim);
  });
  const encode = (changed: Partial<GraphProto> = {}) =>
    encodeModel(makeModel({ ...graph, ...changed }));

  async function assertRefused(
    onnx: Uint8Array,
    message: RegExp,
    own: { readonly code?: ErrorCode; readonly weights?: VictimWeights } = {},
  ): Promise<void> {
    const { code = 'EXPORT_UNSUPPORTED', weights = victim } = own;
    await assert.rejects(verifyVictim(onnx, weights), (error) => {
      assert.ok(isSegprobeError(error, code), String(error));
      assert.match(error.message, message);
      return true;
    });
  }

  it('finds the logits of a victim’s own graph within the tolerance, and says how far they are', async () => {
    const { logitDifference, labelAgreement } = await verifyVictim(encode(), victim);
    assert.ok(logitDifference > 0 && logitDifference <= MAX_LOGIT_DIFFERENCE, `${logitDifference}`);
    assert.ok(labelAgreement > 0.999 && labelAgreement <= 1, `${labelAgreement}`);
  });

  it('refuses a graph that is a little wrong', async () => {
    // The epsilon of batch normalisation 1e-3 instead of 1e-5.
    const node = graph.node.map((each) => ({
      ...each,
      attribute: each.attribute.map((attribute) =>
        attribute.name === 'epsilon' ? { ...attribute, f: 1e-3 } : attribute,
      ),
    }));
    const expected = /^ONNX Runtime: expected logits within 0\.0001 of TensorFlow's, got 0\.\d+$/;
    await assertRefused(encode({ node }), expected);
  });

  it('refuses the graph of other weights', async () => {
    await assertRefused(encode(), /expected logits within 0\.0001/, {
      weights: randomEnet(4, 2),
    });
  });

  it('refuses logits of another shape', async () => {
    await assertRefused(
      tinyVictim(), // of three classes
      /^ONNX Runtime: expected logits of \[2,4,72,104\], got \[2,3,72,104\]$/,
    );
  });

  it('refuses a graph that ONNX Runtime does not load', async () => {
    const node = graph.node.map((each) => ({
      ...each,
      opType: each.opType.replace('Relu', 'Rely'),
    }));
    await assertRefused(
      encode({ node }),
      /^ONNX Runtime: expected a graph that it runs, got .*Rely/,
    );
  });

  for (const [name, value, message] of [
    [
      'are no numbers',
      NaN,
      /^random-1\.safetensors: expected finite weights, got NaN in transposed_conv\.weight$/,
    ],
    [
      'are too large',
      3e38,
      /^random-1\.safetensors: expected weights that give finite logits, got (-?Infinity|NaN)$/,
    ],
  ] as const) {
    it(`refuses weights that ${name}, with their file`, async () => {
      const strange = randomEnet(4);
      const { data } = strange.weights.get('transposed_conv.weight')!;
      (data as Float32Array).fill(value);
      await assertRefused(encode(), message, { code: 'CHECKPOINT_INVALID', weights: strange });
    });
  }
});

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MAX_LOGIT_DIFFERENCE, verifyVictim } from '../../src/export/verify-victim.js';
import { createVictimGraph } from '../../src/export/victim-graph.js';
import { encodeModel, type GraphProto, makeModel } from '../../src/shared/onnx/index.js';
import { checkOnnx, useOnnxChecker } from '../support/onnx-checker.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { randomEnet } from './enet-checkpoint.js';

describe('createVictimGraph of ENet as of 2018', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  const victim = randomEnet(5, 1, 'enet-2018');
  let graph: GraphProto;
  before(() => {
    graph = createVictimGraph('street', victim);
  });
  const encode = () => encodeModel(makeModel(graph));

  it("gives TensorFlow's logits", async () => {
    const { logitDifference, labelAgreement } = await verifyVictim(encode(), victim);
    assert.ok(logitDifference > 0 && logitDifference <= MAX_LOGIT_DIFFERENCE, `${logitDifference}`);
    assert.ok(labelAgreement > 0.999, `${labelAgreement}`);
  });

  it('is refused with the numbers of other weights', () =>
    assert.rejects(verifyVictim(encode(), randomEnet(5, 2, 'enet-2018')), {
      code: 'EXPORT_UNSUPPORTED',
    }));

  it('holds every weight and statistic by its first name, a shared slope once', () => {
    const held = new Set(graph.initializer.map(({ name }) => name));
    const isAlias = (name: string): boolean =>
      /(ext_conv[23]\.[25]|[a-z]\d_\d\.out_prelu)\.weight$/.test(name) &&
      victim.weights.get(name)!.data.length === 1;
    for (const name of victim.weights.keys()) assert.equal(held.has(name), !isAlias(name), name);
  });

  it('needs nothing that WebGPU lacks: no MaxUnpool, no second output', () => {
    assert.ok(graph.node.every(({ opType }) => opType !== 'MaxUnpool'));
    assert.ok(graph.node.every(({ output }) => output.length === 1));
  });

  describe('checked by onnx.checker', () => {
    useOnnxChecker();

    it('is valid, for pictures of any number and size', () =>
      withTemporaryFolder(async (folder) => {
        const file = path.join(folder, 'street.onnx');
        await writeFile(file, encode());
        const { inputs, outputs } = checkOnnx(file);
        const image = { name: 'image', type: 'FLOAT', dims: ['N', 3, 'H', 'W'] };
        assert.deepEqual(inputs, [image]);
        assert.deepEqual(outputs, [{ ...image, name: 'logits', dims: ['N', 5, 'H', 'W'] }]);
      }));
  });
});

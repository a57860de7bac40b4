import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { isNativeTensorFlowReady } from '../../../src/graph/native/link.js';

// In processes of their own: a test that loads TensorFlow leaves globals behind.
describe('loadNativeTensorFlow', function () {
  this.timeout(60_000);
  before(function () {
    if (!isNativeTensorFlowReady()) this.skip();
  });

  function evaluate(body: string, env: NodeJS.ProcessEnv = {}) {
    const script = `
      const { loadNativeTensorFlow } = await import('./src/graph/native/load.ts');
      const tf = await loadNativeTensorFlow();
      ${body}`;
    const args = ['--throw-deprecation', '--import', 'tsx', '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return { stdout, stderr };
  }

  // Split and gather pass through the calls of node:util that newer releases of Node removed.
  it('loads and computes without a word on stderr, whatever this Node is', () => {
    const printed = evaluate(`
      const [, last] = tf.split(tf.tensor1d([1, 2, 3, 4]), 2);
      console.log(last.gather(tf.tensor1d([1], 'int32')).dataSync()[0]);`);
    assert.deepEqual(printed, { stdout: '4\n', stderr: '' });
  });

  it('makes native TensorFlow the backend of the tfjs that everybody imports', () => {
    const { stdout } = evaluate(`
      const imported = await import('@tensorflow/tfjs');
      console.log(imported.getBackend(), imported.Tensor === tf.Tensor);`);
    assert.equal(stdout, 'tensorflow true\n');
  });

  it('lets TensorFlow speak when the environment asks for it', () => {
    const { stderr } = evaluate('', { TF_CPP_MIN_LOG_LEVEL: '0' });
    assert.match(stderr, /cpu_feature_guard/);
  });
});

import assert from 'node:assert/strict';
import type { TensorMeta } from '../../src/graph/graph.js';
import { deriveBinding, dtypeOf, nodeBackend, toAttributes } from '../../src/graph/node-backend.js';
import { inferOutputs } from '../../src/graph/shapes/index.js';

/**
 * Runs `body` while the inferred outputs of every operator that it executes are compared with those that TensorFlow returns.
 *
 * @returns how often each operator was executed.
 */
export function checkShapes(body: () => void): Map<string, number> {
  const backend = nodeBackend();
  const native = backend.binding;
  const executed = new Map<string, number>();
  const known = new Map<number, TensorMeta>();
  const metaOf = (id: number): TensorMeta => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const [copy] = native.executeOp('Identity', [], [id], 1);
    native.deleteTensor(copy!.id);
    return { dtype: dtypeOf(copy!.dtype), shape: copy!.shape };
  };
  backend.binding = deriveBinding(native, {
    executeOp: (op, attributes, ids, count) => {
      const inputs = ids.map((id) => ({
        ...metaOf(id),
        constant: () => native.tensorDataSync(id),
      }));
      const inferred = inferOutputs(op, inputs, toAttributes(native, attributes)).slice(0, count);
      const outputs = native.executeOp(op, attributes, ids, count);
      const real = outputs.map(({ dtype, shape }) => ({ dtype: dtypeOf(dtype), shape }));
      const text = (metas: readonly TensorMeta[]): string =>
        metas.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(' ');
      assert.equal(text(inferred), text(real), `${op} of ${text(inputs)}`);
      outputs.forEach(({ id }, i) => known.set(id, real[i]!));
      executed.set(op, (executed.get(op) ?? 0) + 1);
      return outputs;
    },
    deleteTensor: (id) => {
      known.delete(id);
      native.deleteTensor(id);
    },
  });
  try {
    body();
  } finally {
    backend.binding = native;
  }
  return executed;
}

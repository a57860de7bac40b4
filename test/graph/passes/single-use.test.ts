import assert from 'node:assert/strict';
import type { GraphNode } from '../../../src/graph/graph.js';
import { useOnce } from '../../../src/graph/passes/single-use.js';

const LARGE = { dtype: 'float32', shape: [2, 3] } as const;
const MASK = { dtype: 'float32', shape: [2, 1] } as const;

const node = (name: string, op: string, ...inputs: string[]): GraphNode => ({
  ...{ name, op, inputs, attributes: {} },
  outputs: [LARGE],
});

/** The body's nodes after the rewriting, as text. */
function rewritten(nodes: readonly GraphNode[], ...results: string[]): string[] {
  const names = ['a', 'b', 'g', 'h'];
  const parameters = [...names.map((name) => ({ name, ...LARGE })), { name: 'mask', ...MASK }];
  const body = useOnce({
    label: 'test',
    parameters,
    nodes,
    results: results.map((reference) => ({ ...LARGE, reference })),
  });
  return body.nodes.map(({ name, op, inputs }) => `${name} = ${op}(${inputs.join(', ')})`);
}

describe('useOnce', () => {
  it('takes a mask into the products that follow', () => {
    const nodes = [
      node('m', 'Mul', 'a', 'mask'),
      node('p', 'Mul', 'm', 'g'),
      node('q', 'Mul', 'h', 'm'),
    ];
    assert.deepEqual(rewritten(nodes, 'p', 'q'), [
      'p_masked = Mul(mask, g)',
      'p = Mul(a, p_masked)',
      'q_masked = Mul(mask, h)',
      'q = Mul(a, q_masked)',
    ]);
  });

  it('distributes all products over a sum but the first', () => {
    const nodes = [
      node('s', 'Add', 'a', 'b'),
      node('p', 'Mul', 's', 'g'),
      node('q', 'Mul', 's', 'h'),
    ];
    assert.deepEqual(rewritten(nodes, 'p', 'q'), [
      's = Add(a, b)',
      'p = Mul(s, g)',
      'q_term0 = Mul(a, h)',
      'q_term1 = Mul(b, h)',
      'q = Add(q_term0, q_term1)',
    ]);
  });

  const cases = [
    {
      name: 'is a result',
      nodes: [node('s', 'Add', 'a', 'b'), node('p', 'Mul', 's', 'g'), node('q', 'Mul', 's', 'h')],
      results: ['s', 'p', 'q'],
    },
    {
      name: 'is used once',
      nodes: [node('s', 'Add', 'a', 'b'), node('p', 'Mul', 's', 'g')],
      results: ['p'],
    },
    {
      name: 'is used otherwise',
      nodes: [node('s', 'Add', 'a', 'b'), node('p', 'Mul', 's', 'g'), node('q', 'Relu', 's')],
      results: ['p', 'q'],
    },
    {
      name: 'is squared',
      nodes: [node('s', 'Add', 'a', 'b'), node('p', 'Mul', 's', 's'), node('q', 'Mul', 's', 'g')],
      results: ['p', 'q'],
    },
    {
      name: 'is a product of two large tensors',
      nodes: [node('s', 'Mul', 'a', 'b'), node('p', 'Mul', 's', 'g'), node('q', 'Mul', 's', 'h')],
      results: ['p', 'q'],
    },
  ];
  for (const { name, nodes, results } of cases) {
    it(`leaves a value alone that ${name}`, () => {
      const before = nodes.map((n) => `${n.name} = ${n.op}(${n.inputs.join(', ')})`);
      assert.deepEqual(rewritten(nodes, ...results), before);
    });
  }
});

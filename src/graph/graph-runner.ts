import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { assertFits, type Constant, type Graph, type GraphNode, type Signature } from './graph.js';
import { nodeBackend } from './node-backend.js';
import type { GraphPass } from './passes/graph-pass.js';
import { optimizeGraph } from './passes/index.js';
import type { Program, ProgramRunner, TensorMap } from './program.js';
import { recordProgram } from './record-program.js';
import { encodeSavedModel } from './saved-model.js';
import { takeConstants } from './take-values.js';

/**
 * Records a program and loads it into one session of native TensorFlow, which holds the state between calls.
 *
 * @param optimize - what is done to the recorded graph before TensorFlow gets it.
 * @returns the runner, and the graph as it was recorded.
 */
export function createGraphRunner(
  program: Program,
  optimize: GraphPass = optimizeGraph,
): ProgramRunner & { readonly graph: Graph } {
  const recorded = recordProgram(program);
  const optimized = optimize(recorded);
  const accessors = stateAccessors(optimized);
  const graph: Graph = { ...optimized, nodes: [...optimized.nodes, ...accessors.nodes] };
  const session = load(encodeSavedModel(graph, program.state));

  return {
    graph: recorded,
    run: (name, inputs) => {
      const signature = recorded.signatures[name];
      if (signature === undefined)
        throw new Error(`expected one of the program's functions, got ${name}`);
      return run(session, signature, inputs);
    },
    readState: () => takeConstants(run(session, accessors.read, {})),
    writeState: (values) => {
      for (const [name, value] of Object.entries(values)) {
        const signature = accessors.write[name];
        if (signature === undefined) continue; // A variable that the graph does not use.
        assertFits(`variable ${name}`, recorded.variables[name]!, value);
        tf.tidy(() => void run(session, signature, { value: toTensor(value) }));
      }
    },
    dispose: () => nodeBackend().binding.deleteSavedModel(session),
  };
}

/** Loads a SavedModel through a folder that is gone afterwards: the session keeps what it needs in memory. */
function load(savedModel: Uint8Array): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'segprobe-graph-'));
  try {
    writeFileSync(path.join(folder, 'saved_model.pb'), savedModel);
    return nodeBackend().binding.loadSavedModel(folder, 'serve');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(session: number, signature: Signature, inputs: TensorMap): Record<string, tf.Tensor> {
  const backend = nodeBackend();
  const fed = Object.entries(signature.inputs);
  const tensors = fed.map(([name, meta]) => {
    const tensor = inputs[name];
    assertFits(`input ${name}`, meta, tensor);
    return tensor!;
  });
  const fetched = Object.entries(signature.outputs);
  const outputs = backend.binding.runSavedModel(
    session,
    backend.getInputTensorIds(tensors),
    fed.map(([, { node }]) => node).join(','),
    fetched.map(([, { node }]) => node).join(','),
  );
  return Object.fromEntries(
    fetched.map(([name], i) => [name, backend.createOutputTensor(outputs[i]!)]),
  );
}

/** Nodes and signatures that read all variables at once and write one at a time. */
function stateAccessors({ variables }: Graph): {
  nodes: GraphNode[];
  read: Signature;
  write: Record<string, Signature>;
} {
  const nodes: GraphNode[] = [];
  const read: Record<string, Signature['outputs'][string]> = {};
  const write: Record<string, Signature> = {};
  for (const [name, { dtype, shape }] of Object.entries(variables)) {
    const meta = { dtype, shape };
    const type = { kind: 'type', value: dtype } as const;
    const node = (
      suffix: string,
      op: string,
      inputs: string[],
      attributes: GraphNode['attributes'],
    ): string => {
      nodes.push({ name: `${name}/${suffix}`, op, inputs, attributes, outputs: [meta] });
      return `${name}/${suffix}`;
    };
    const value = node('get', 'ReadVariableOp', [name], { dtype: type });
    const fed = node('feed', 'Placeholder', [], {
      dtype: type,
      shape: { kind: 'shape', value: shape },
    });
    // What is fed lies in JavaScript's own memory where that is aligned. Assigned as it is, the variable would keep that memory, change
    // it under its owner's hands, and give it back from one of TensorFlow's threads, where no other than Node's may: a crash.
    const copied = node('copy', 'DeepCopy', [fed], { T: type });
    const assigned = node('set', 'AssignVariableOp', [name, copied], { dtype: type });
    const done = node('set/done', 'Identity', [fed, `^${assigned}`], { T: type });
    read[name] = { ...meta, node: value };
    write[name] = {
      inputs: { value: { ...meta, node: fed } },
      outputs: { done: { ...meta, node: done } },
    };
  }
  return { nodes, read: { inputs: {}, outputs: read }, write };
}

function toTensor({ values, shape, dtype }: Constant): tf.Tensor {
  return tf.tensor(values, [...shape], dtype);
}

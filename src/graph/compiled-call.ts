import type { Attributes, GraphFunction } from './graph.js';

/** The attributes of a `PartitionedCall` of a function that XLA compiles. */
export function compiledCallAttributes({ name, parameters, results }: GraphFunction): Attributes {
  const none = { kind: 'string', value: '' } as const;
  return {
    Tin: { kind: 'types', value: parameters.map(({ dtype }) => dtype) },
    Tout: { kind: 'types', value: results.map(({ dtype }) => dtype) },
    f: { kind: 'function', value: name },
    _XlaMustCompile: { kind: 'bool', value: true },
    config: none,
    config_proto: none,
    executor_type: none,
  };
}

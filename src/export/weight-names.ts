import type { ModelSpec } from '../train/models/model.js';
import { parameterOffsets, statisticsOffsets } from '../train/packing.js';

/** Finds a weight's name by the packed variable it lies in and its offset there. */
export function weightNames(
  spec: ModelSpec,
): (variable: string, offset: number) => string | undefined {
  const statistics = [...statisticsOffsets(spec)];
  const named = (suffix: string): ReadonlyMap<number, string> =>
    new Map(statistics.map(([offset, name]) => [offset, `${name}.${suffix}`]));
  const names: Readonly<Record<string, ReadonlyMap<number, string>>> = {
    parameters: parameterOffsets(spec),
    runningMean: named('running_mean'),
    runningVariance: named('running_var'),
  };
  return (variable, offset) => names[variable]?.get(offset);
}

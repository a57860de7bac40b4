import { SegprobeError } from '../../shared/errors.js';
import { namedShapes, packWeights, type NamedTensors } from '../../train/packing.js';
import { candidatesFor, type Candidate } from './candidates.js';
import { type FloatingTensor, toFloat32 } from './float-values.js';
import { describeMisfit, misfitOf, sizeOfMisfit } from './misfit.js';

/** A network found in a file. */
export type FoundNetwork = Candidate & {
  /** What the file puts before the network's own names. */
  readonly prefix: string;
  /** By the network's own names, float32. */
  readonly weights: NamedTensors;
};

/** What the Malicious Autoencoder's files put before the names of the victim that they hold. */
const VICTIM_PREFIX = 'bboxmodel.';

/**
 * Finds out which networks a file's tensors are: a victim, an attacker, or an attacker and its victim.
 *
 * @param tensors - all of the file's, by name.
 * @param what - names the file in messages.
 * @throws SegprobeError `CHECKPOINT_INVALID` naming what does not fit the nearest network that segprobe knows, or a tensor that
 * holds no finite numbers.
 */
export function detectNetworks(tensors: NamedTensors, what: string): FoundNetwork[] {
  const isVictims = ([name]: readonly [string, unknown]): boolean => name.startsWith(VICTIM_PREFIX);
  const inner = [...tensors].filter(isVictims);
  if (inner.length === 0) return [detect(tensors, '', ['victim', 'attacker'], what)];
  const outer = new Map([...tensors].filter((entry) => !isVictims(entry)));
  const own = inner.map(([name, tensor]) => [name.slice(VICTIM_PREFIX.length), tensor] as const);
  return [
    detect(outer, '', ['attacker'], `${what}, beside ${VICTIM_PREFIX}*`),
    detect(new Map(own), VICTIM_PREFIX, ['victim'], `${what}, ${VICTIM_PREFIX}*`),
  ];
}

function detect(
  tensors: NamedTensors,
  prefix: string,
  kinds: readonly Candidate['kind'][],
  what: string,
): FoundNetwork {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const ranked = candidatesFor(shapes)
    .filter(({ kind }) => kinds.includes(kind))
    .map((candidate) => ({ candidate, misfit: misfitOf(candidate.spec, tensors) }))
    .sort((a, b) => sizeOfMisfit(a.misfit) - sizeOfMisfit(b.misfit));
  const { candidate, misfit } = ranked[0]!;
  if (sizeOfMisfit(misfit) > 0) {
    const known = ranked.map(({ candidate: { model } }) => model).join(', ');
    const nearest =
      candidate.kind === 'victim'
        ? `${candidate.model} with ${candidate.classCount} classes`
        : candidate.model;
    throw new SegprobeError(
      'CHECKPOINT_INVALID',
      `${what}: expected the tensors of a network that segprobe knows (${known}), got ${tensors.size} others; nearest is ${nearest}: ${describeMisfit(misfit)}`,
    );
  }
  const weights = toWeights(candidate, tensors, what);
  packWeights(candidate.spec, weights, what); // What the network shares must be the same under each name.
  return { ...candidate, prefix, weights };
}

/** Takes the network's own tensors, in its own order. */
function toWeights({ spec }: Candidate, tensors: NamedTensors, what: string): NamedTensors {
  const weights: NamedTensors = new Map();
  for (const [name, shape] of namedShapes(spec)) {
    const data = toFloat32(tensors.get(name) as FloatingTensor);
    const wrong = data.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) {
      throw new SegprobeError(
        'CHECKPOINT_INVALID',
        `${what}: expected finite numbers in ${name}, got ${wrong}`,
      );
    }
    weights.set(name, { dtype: 'F32', shape, data });
  }
  return weights;
}

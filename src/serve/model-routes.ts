import { CONTROLS } from '../data/controls/index.js';
import type { OpenedModel } from '../inference/open-model.js';
import type { InferencePool } from '../inference/pool.js';
import type { ModelFacts } from '../shared/manifest.js';
import { attackersSchema, jsonAnswer, modelsSchema } from './answers.js';
import type { Routes } from './route.js';

/** `GET /models` and `/attackers`. */
export function createModelRoutes(pool: InferencePool): Routes {
  return {
    '/models': {
      get: {
        operation: {
          tag: 'Models',
          summary: 'The victims, with their cards',
          answers: jsonAnswer('By name', modelsSchema),
        },
        handler: (_request, response) => void response.json({ models: listModels(pool, 'victim') }),
      },
    },
    '/attackers': {
      get: {
        operation: {
          tag: 'Models',
          summary: 'The attackers, with their cards, and the controls',
          answers: jsonAnswer('By name', attackersSchema),
        },
        handler: (_request, response) =>
          void response.json({ attackers: listModels(pool, 'attacker'), controls: listControls() }),
      },
    },
  };
}

/** The cards of all victims or attackers; the first by name is taken where none is named. */
function listModels(pool: InferencePool, kind: ModelFacts['kind']): unknown[] {
  return [...pool.models.values()]
    .filter(({ facts }) => facts.kind === kind)
    .map((model, i) => {
      const { provider } = pool.provider;
      return { ...cardOf(model), default: i === 0, provider };
    });
}

/** What changes pictures without knowing a victim, and what its strength runs over. */
function listControls(): unknown[] {
  return Object.values(CONTROLS).map(({ name, unit, range }) => ({ name, unit, range }));
}

function cardOf({ name, path: _path, facts, manifest, sha256, bytes }: OpenedModel): object {
  return { ...(manifest ?? { ...facts, file: { name: `${name}.onnx`, sha256, bytes } }), name };
}

import assert from 'node:assert/strict';
import { findAttacker, findVictim } from '../../src/inference/find-model.js';
import type { OpenedModel } from '../../src/inference/open-model.js';
import { TINY_FACTS } from '../support/tiny-models.js';

function opened(name: string, kind: 'victim' | 'attacker'): OpenedModel {
  const facts = { ...TINY_FACTS, kind };
  return {
    name,
    facts,
    path: `${name}.onnx`,
    servingPath: null,
    webForm: null,
    manifest: null,
    sha256: '',
    bytes: 1,
  };
}

const MODELS = new Map(
  [opened('ae', 'attacker'), opened('enet', 'victim'), opened('zoo', 'victim')].map((model) => [
    model.name,
    model,
  ]),
);

describe('findVictim', () => {
  it('finds one by name, and the first one without', () => {
    assert.equal(findVictim(MODELS, 'zoo').name, 'zoo');
    assert.equal(findVictim(MODELS, undefined).name, 'enet');
  });

  for (const { models, name, message } of [
    {
      models: MODELS,
      name: 'nobody',
      message: 'expected the name of a victim (enet, zoo), got "nobody"',
    },
    {
      models: MODELS,
      name: 'ae',
      message: 'expected the name of a victim (enet, zoo), got "ae", which is an attacker',
    },
    {
      models: new Map(),
      name: undefined,
      message: 'expected the name of a victim (none), got none',
    },
  ]) {
    it(`refuses with: ${message}`, () => {
      assert.throws(() => findVictim(models, name), { code: 'MODEL_NOT_FOUND', message });
    });
  }
});

describe('findAttacker', () => {
  it('finds one by name', () => {
    assert.equal(findAttacker(MODELS, 'ae').name, 'ae');
  });

  it('refuses a victim', () => {
    assert.throws(() => findAttacker(MODELS, 'enet'), {
      code: 'MODEL_NOT_FOUND',
      message: 'expected the name of an attacker (ae), got "enet", which is a victim',
    });
  });
});

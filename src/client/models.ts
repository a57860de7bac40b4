import { batch } from '@preact/signals';
import { proxy } from 'comlink';
import type { ModelFacts } from '../shared/manifest.js';
import { type PageFile, type PageModel, parsePageModels } from '../shared/page-models.js';
import { chooseAttacker, chooseVictim } from './choose-models.js';
import { fetchBeside, keyHeaders } from './fetch-beside.js';
import { attempt, say } from './say.js';
import * as state from './state.js';
import { studio } from './studio.js';
import type { LoadedFrom, ModelFile, ModelSource } from './worker/protocol.js';
import type { StoredAnswer } from './worker/self-test.js';

/** Finds the models that lie beside the page, and chooses among them. */
export async function listModels(): Promise<void> {
  const listed = parsePageModels(await (await fetchBeside('models.json')).json());
  const { victim, attacker } = state.settings;
  for (const { name, facts } of listed.models) await studio.introduce(name, facts);
  batch(() => {
    state.models.value = listed.models;
    state.hasService.value = listed.service;
    if (!listed.service) state.settings.place.value = 'browser';
    victim.value = chooseVictim(listed.models, victim.value);
    attacker.value = chooseAttacker(listed.models, attacker.value);
  });
}

/** The models that are loaded, or are being. */
const loaded = new Map<PageModel, Promise<LoadedFrom>>();

/** Loads models by name into the browser, each once; those that are none (controls) are left out. */
export async function loadModels(...names: (string | null)[]): Promise<void> {
  for (const name of names) {
    const model = state.models.value.find((one) => one.name === name);
    if (model === undefined) continue;
    const loading = loaded.get(model) ?? load(model);
    loaded.set(model, loading);
    // The next try loads it anew.
    loading.catch(() => loaded.delete(model));
    const { engine } = await loading;
    if (model.facts.kind === 'victim') state.engine.value = engine;
  }
}

async function load(model: PageModel): Promise<LoadedFrom> {
  const { name, facts, file, web } = model;
  const isOwn = file.sha256 === '';
  const source: ModelSource = {
    ...{ name, facts, file: beside(file), web: web && beside(web) },
    stored: isOwn ? null : storedOf(name),
  };
  const from = await studio.load(source, proxy(say));
  const used = isOwn ? from.engine.files : [from.url, ...from.engine.files];
  state.fetched.value = [...new Set([...state.fetched.value, ...used])];
  return from;
}

/** What the model is known to make of a picture. */
function storedOf(name: string): StoredAnswer {
  const [picture, answer] = ['samples/check.png', `onnx/${encodeURIComponent(name)}.check.png`].map(
    (path) => new URL(path, document.baseURI).href,
  );
  return { picture: picture!, answer: answer!, headers: keyHeaders() };
}

function beside({ url, sha256 }: PageFile): ModelFile {
  return { url: new URL(url, document.baseURI).href, sha256, headers: keyHeaders() };
}

/** Takes a model of one's own: what it is, is in the file; where it is not, that is asked for. */
export function takeModel(file: File): Promise<void> {
  return attempt(async () => {
    say(`Reading ${file.name}`);
    try {
      await addModel(file, await studio.readModel(file, file.name));
    } catch (error) {
      state.unnamedModel.value = { file, why: error instanceof Error ? error.message : '' };
      state.status.value = { kind: 'ready', words: '' };
    }
  });
}

/** Adds a model of one's own, and chooses it. */
export async function addModel(file: File, facts: ModelFacts): Promise<void> {
  const name = file.name.replace(/\.onnx$/, '');
  const { models, settings } = state;
  const isTaken = models.value.some((model) => model.name === name);
  const model: PageModel = {
    name: isTaken ? `${name} (${models.value.length})` : name,
    facts,
    measured: null,
    file: { url: URL.createObjectURL(file), sha256: '', bytes: file.size },
    web: null,
  };
  await studio.introduce(model.name, facts);
  batch(() => {
    models.value = [...models.value, model];
    // The service does not have it.
    settings.place.value = 'browser';
    settings[facts.kind].value = model.name;
  });
}

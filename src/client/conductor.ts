import { batch, effect } from '@preact/signals';
import { proxy } from 'comlink';
import { CAMVID, classNames } from '../shared/classes.js';
import { messageOf } from '../shared/errors.js';
import { type PageModel, parsePageModels } from '../shared/page-models.js';
import { draw } from './canvases.js';
import { chooseAttacker, chooseVictim } from './choose-models.js';
import { latestOnly } from './latest.js';
import { SAMPLES } from './samples.js';
import { toFragment } from './settings.js';
import * as state from './state.js';
import { studio } from './studio.js';
import type { ModelSource, PaneName, Question } from './worker/protocol.js';

const { settings } = state;

type Truth = NonNullable<typeof state.truth.value>;

/** A question, and what its answer is compared with. */
interface Asked {
  readonly question: Question;
  readonly truth: Truth | null;
}

/** Starts the page: finds the models, takes the picture, and answers whatever is chosen from now on. */
export async function start(): Promise<void> {
  try {
    say('Looking for models');
    const [listed] = await Promise.all([listModels(), takeSample(settings.sample.value ?? 0)]);
    batch(() => {
      state.models.value = listed.models;
      state.hasService.value = listed.service;
      settings.victim.value = chooseVictim(listed.models, settings.victim.value);
      settings.attacker.value = chooseAttacker(listed.models, settings.attacker.value);
    });
    say('Starting ONNX Runtime');
    state.engine.value = await studio.start(
      new URL(`runtime/${RUNTIME_VERSION}/`, document.baseURI).href,
      'auto',
    );
  } catch (error) {
    fail(error);
    return;
  }
  effect(ask);
  effect(repaint);
  effect(() => history.replaceState(null, '', fragmentOf()));
}

/** Takes a picture of one's own. */
export async function take(file: Blob, name: string): Promise<void> {
  say(`Reading ${name}`);
  state.fault.value = null;
  try {
    await takePicture(file, name, { sample: null, label: null });
  } catch (error) {
    fail(error);
  }
}

/** Takes one of the drawn scenes. */
export async function chooseSample(number: number): Promise<void> {
  state.fault.value = null;
  try {
    await takeSample(number);
  } catch (error) {
    fail(error);
  }
}

async function takeSample(number: number): Promise<void> {
  const sample = number < SAMPLES ? number : 0;
  const [file, label] = await Promise.all(
    [`${sample}.webp`, `${sample}.label.png`].map((name) => fetchBeside(`samples/${name}`)),
  );
  const name = `scene ${sample + 1}`;
  await takePicture(await file!.blob(), name, { sample, label: await label!.blob() });
}

async function takePicture(
  file: Blob,
  name: string,
  { sample, label }: { readonly sample: number | null; readonly label: Blob | null },
): Promise<void> {
  const taken = await studio.take(file, name);
  batch(() => {
    state.picture.value = { name, ...taken };
    state.truth.value = label && { name: `the label of ${name}`, file: label };
    settings.sample.value = sample;
  });
  draw(await studio.paint(['original'], brush()));
}

/** Takes a picture of what is right at each pixel. */
export function takeLabel(file: Blob, name: string): void {
  state.fault.value = null;
  state.truth.value = { name, file };
}

async function fetchBeside(file: string): Promise<Response> {
  const response = await fetch(new URL(file, document.baseURI));
  if (response.ok) return response;
  throw new Error(`${file}: expected the file, got ${response.status} ${response.statusText}`);
}

async function listModels() {
  return parsePageModels(await (await fetchBeside('models.json')).json());
}

function ask(): void {
  const { victim, attacker, strength, epsilon } = settings;
  const truth = state.truth.value;
  if (state.picture.value === null || victim.value === null) return;
  const question: Question = {
    victim: victim.value,
    attacker: attacker.value || null,
    strength: strength.value,
    epsilon: epsilon.value,
  };
  changePicture(question);
  askVictim({ question, truth });
}

const changePicture = latestOnly(async (question: Question) => {
  await load(question);
  state.change.value = await studio.change(question);
  await paint(['attacked', 'difference']);
}, fail);

const askVictim = latestOnly(async ({ question, truth }: Asked) => {
  await load(question);
  await compareWith(truth, question.victim);
  say(`${question.victim} looks at the picture`);
  const answer = await studio.answer(question);
  batch(() => {
    state.answer.value = answer;
    state.answered.value = question;
    state.answerNumber.value++;
    state.status.value = { kind: 'ready', words: '' };
  });
  await paint(['before', 'after', 'changed']);
}, fail);

/** What was handed over last. */
let compared: { file?: Blob | null; victim?: string; picture?: typeof state.picture.value } = {};

/** Hands over what is right, where the victim's classes are those that the label tells apart. */
async function compareWith(truth: Truth | null, victim: string): Promise<void> {
  const classes = state.models.value.find(({ name }) => name === victim)?.facts.classes;
  const isOfSample = settings.sample.peek() !== null;
  const isKnown = !isOfSample || classNames(CAMVID).join() === classes?.join();
  const file = isKnown ? (truth?.file ?? null) : null;
  const pair = { file, victim, picture: state.picture.peek() };
  if (Object.entries(pair).every(([key, value]) => compared[key as keyof typeof pair] === value))
    return;
  compared = pair;
  try {
    await studio.takeTruth(file, truth?.name ?? '', victim);
  } catch (error) {
    await studio.takeTruth(null, '', victim);
    fail(error);
  }
}

/** Loads the models that a question needs. */
async function load({ victim, attacker }: Question): Promise<void> {
  for (const name of [victim, attacker]) {
    const model = state.models.value.find((one) => one.name === name);
    if (model !== undefined) await studio.load(sourceOf(model), proxy(say));
  }
}

function sourceOf({ name, facts, url, sha256 }: PageModel): ModelSource {
  return { name, facts, file: { url: new URL(url, document.baseURI).href, sha256, headers: {} } };
}

/** Paints again what is painted otherwise; what changes with the question is painted by its answer. */
function repaint(): void {
  const panes: PaneName[] = ['before', 'after', 'difference', 'changed'];
  brush();
  if (state.picture.peek() !== null) void paint(panes).catch(fail);
}

async function paint(panes: readonly PaneName[]): Promise<void> {
  draw(await studio.paint(panes, brush()));
}

function brush() {
  return { gain: settings.gain.value, follow: state.followed.value };
}

function fragmentOf(): string {
  const fragment = toFragment(state.currentSettings());
  return `${location.pathname}${location.search}${fragment && `#${fragment}`}`;
}

function say(words: string): void {
  state.status.value = { kind: 'busy', words };
}

/** Shows what went wrong; what was computed before stays. */
function fail(error: unknown): void {
  batch(() => {
    state.fault.value = messageOf(error);
    state.status.value = {
      kind: state.answer.peek() === null ? 'fault' : 'ready',
      words: 'stopped',
    };
  });
}

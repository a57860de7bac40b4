import { batch, effect, untracked } from '@preact/signals';
import { CAMVID, classNames } from '../shared/classes.js';
import { draw } from './canvases.js';
import { latestOnly } from './latest.js';
import { positionsAround } from './look-ahead.js';
import { listModels, loadModels } from './models.js';
import { takeSample } from './pictures.js';
import { fail, say } from './say.js';
import { askService } from './service.js';
import { type Settings, toFragment } from './settings.js';
import * as state from './state.js';
import { studio } from './studio.js';
import type { Answer, PaneName, Provider, Question } from './worker/protocol.js';

const { settings } = state;

type Picture = NonNullable<typeof state.picture.value>;
type Truth = NonNullable<typeof state.truth.value>;

/** A question, of what picture, where it is answered, and what the answer is compared with. */
interface Asked {
  readonly question: Question;
  readonly picture: Picture;
  readonly place: Settings['place'];
  readonly truth: Truth | null;
}

/** Starts the page: finds the models, takes the picture, and answers whatever is chosen from now on. */
export async function start(): Promise<void> {
  try {
    say('Looking for models');
    await Promise.all([listModels(), takeSample(settings.sample.value ?? 0)]);
    say('Starting ONNX Runtime');
    const runtime = new URL(`runtime/${RUNTIME_VERSION}/`, document.baseURI).href;
    await studio.start(runtime, wishOf(location.search));
  } catch (error) {
    fail(error);
    return;
  }
  if (isStarted) return;
  isStarted = true;
  effect(ask);
  effect(repaint);
  effect(() => history.replaceState(null, '', addressOf()));
}

/** `?engine=webgpu` and `?engine=wasm` insist. */
function wishOf(search: string): Provider | 'auto' {
  const wish = new URLSearchParams(search).get('engine');
  return wish === 'webgpu' || wish === 'wasm' ? wish : 'auto';
}

/** It is started again where it first lacked a key. */
let isStarted = false;

function ask(): void {
  const { victim, attacker, strength, epsilon, place } = settings;
  const [picture, truth] = [state.picture.value, state.truth.value];
  if (picture === null || victim.value === null) return;
  const question: Question = {
    victim: victim.value,
    attacker: attacker.value || null,
    strength: strength.value,
    epsilon: place.value === 'server' ? null : epsilon.value,
  };
  const asked = { question, picture, truth, place: place.value };
  newest = asked;
  state.isAhead.value = false;
  untracked(() => {
    if (place.value === 'browser') changePicture(asked);
    askVictim(asked);
  });
}

/** What is asked now: what is computed ahead stops where it changes. */
let newest: Asked | undefined;

const changePicture = latestOnly(async ({ question }: Asked) => {
  await loadModels(question.victim, question.attacker);
  state.change.value = await studio.change(question);
  await paint(['attacked', 'difference']);
}, fail);

const askVictim = latestOnly(async (asked: Asked) => {
  const { question, place } = asked;
  if (place === 'browser') await loadModels(question.victim, question.attacker);
  await compareWith(asked);
  say(`${question.victim} looks at the picture`);
  const answer = await (place === 'browser' ? studio.answer(question) : askServer(question));
  if (answer === null) return;
  batch(() => {
    state.answer.value = answer;
    state.answered.value = question;
    state.answerNumber.value++;
    state.status.value = { kind: 'ready', words: '' };
  });
  await paint(['before', 'after', 'changed']);
  if (newest === asked && place === 'browser') void lookAhead(asked);
}, fail);

async function askServer(question: Question): Promise<Answer | null> {
  const picture = await studio.encode('original', state.brush.peek());
  const answer = await studio.adopt(question, await askService(picture, question));
  if (answer === null) return null;
  state.change.value = { perturbation: answer.summary };
  await paint(['attacked', 'difference']);
  return answer;
}

/** Answers ahead what the slider that was moved last may ask for next, until something else is asked. */
async function lookAhead(asked: Asked): Promise<void> {
  if (state.isLive.peek()) return;
  for (const question of positionsAround(asked.question, state.lastSlider.peek())) {
    if (newest !== asked) return;
    await studio.lookAhead(question).catch(() => undefined);
  }
  if (newest === asked) state.isAhead.value = true;
}

/** What was handed over last. */
let compared: Partial<Asked> & { readonly victim?: string } = {};

/** Hands over what is right, where the victim's classes are those that the label tells apart. */
async function compareWith({ question: { victim }, truth, picture }: Asked): Promise<void> {
  if (compared.truth === truth && compared.victim === victim && compared.picture === picture)
    return;
  compared = { truth, victim, picture };
  const classes = state.models.value.find(({ name }) => name === victim)?.facts.classes;
  const isOfSample = settings.sample.peek() !== null;
  const isKnown = !isOfSample || classNames(CAMVID).join() === classes?.join();
  try {
    await studio.takeTruth(isKnown ? (truth?.file ?? null) : null, truth?.name ?? '', victim);
  } catch (error) {
    await studio.takeTruth(null, '', victim);
    fail(error);
  }
}

/** Paints again what is painted otherwise; what changes with the question is painted by its answer. */
function repaint(): void {
  void state.brush.value;
  if (state.picture.peek() === null) return;
  void paint(['before', 'after', 'difference', 'changed']).catch(fail);
}

async function paint(panes: readonly PaneName[]): Promise<void> {
  draw(await studio.paint(panes, state.brush.peek()));
}

function addressOf(): string {
  const fragment = toFragment(state.currentSettings());
  return `${location.pathname}${location.search}${fragment && `#${fragment}`}`;
}

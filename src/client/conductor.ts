import { batch, effect, untracked } from '@preact/signals';
import { CAMVID, classNames } from '../shared/classes.js';
import { draw } from './canvases.js';
import { latestOnly } from './latest.js';
import { type Direction, directionOf, positionsAround } from './look-ahead.js';
import { listModels, loadModels } from './models.js';
import { takeSample } from './pictures.js';
import { fail, say } from './say.js';
import { askService } from './service.js';
import { type Settings, toFragment } from './settings.js';
import * as state from './state.js';
import { studio } from './studio.js';
import type { Milliseconds, PaneName, Provider, Question, Shown } from './worker/protocol.js';

const { settings } = state;

/** Of the models, for what may never be asked. */
const MOST_RUNS = 24;
/** After a run that was waited for: a run ahead cannot be broken off, and who moves on at once would wait for it, too. */
const REST_MS = 150;

type Picture = NonNullable<typeof state.picture.value>;
type Truth = NonNullable<typeof state.truth.value>;

/** A question, of what picture, where it is answered, what the answer is compared with, and how it was come to. */
interface Asked {
  readonly question: Question;
  readonly picture: Picture;
  readonly place: Settings['place'];
  readonly truth: Truth | null;
  readonly direction: Direction;
}

/** Starts the page: finds the models, takes the picture, and answers whatever is chosen from now on. */
export async function start(): Promise<void> {
  try {
    say('Looking for models');
    await Promise.all([listModels(), takeSample(settings.sample.value ?? 0)]);
    say('Starting ONNX Runtime');
    const runtime = new URL(`runtime/${RUNTIME_VERSION}/`, document.baseURI).href;
    await studio.start(runtime, wishOf(location.search));
    state.needsKey.value = false;
  } catch (error) {
    fail(error);
    return;
  }
  if (isStarted) return;
  isStarted = true;
  effect(ask);
  effect(() => {
    if (!state.isHeld.value) void lookAhead();
  });
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
  untracked(() => {
    const direction = newest ? directionOf(newest.question, question, state.lastSlider.value) : 0;
    const asked = { question, picture, truth, place: place.value, direction };
    // What was seen of another picture is nothing of this one.
    if (newest?.picture !== picture) state.isExact.value = false;
    newest = asked;
    state.isAhead.value = false;
    if (place.value === 'server') {
      askServer(asked);
      return;
    }
    // The model starts first, and what is known is painted meanwhile.
    look(asked);
    show(asked);
  });
}

/** What is asked now: what is computed ahead stops where it changes. */
let newest: Asked | undefined;
/** What the screen shows just the answer of. */
let shown: Asked | undefined;
/** What the runs for a question took. */
const took = new WeakMap<Asked, Milliseconds>();

/** Has models run for a question, one question at a time: only the latest waits. */
const look = latestOnly(async (asked: Asked) => {
  if (shown === asked) return;
  await prepare(asked);
  took.set(asked, await studio.look(asked.question));
  show(newest!);
}, fail);

/** Shows what is known of a question, which is never long. */
const show = latestOnly(async (asked: Asked) => {
  if (shown === asked || asked.place === 'server') return;
  await prepare(asked);
  const { question, direction } = asked;
  const nearby = positionsAround(question, state.lastSlider.peek(), direction);
  display(asked, await studio.show(question, nearby, state.brush.peek()), took.get(asked));
}, fail);

const askServer = latestOnly(async (asked: Asked) => {
  const { question } = asked;
  await prepare(asked);
  say(`${question.victim} looks at the picture`);
  const brush = state.brush.peek();
  const given = await askService(await studio.encode('original', brush), question);
  display(asked, await studio.adopt(question, given, brush), given.milliseconds);
}, fail);

function display(asked: Asked, found: Shown | null, times: Milliseconds = {}): void {
  if (found === null) return;
  draw(found.bitmaps);
  batch(() => {
    state.isExact.value = found.isExact;
    state.shownNumber.value++;
    if (found.answer !== null) {
      state.answer.value = found.answer;
      state.answered.value = found.of;
    }
    if (!found.isExact) {
      say(`${asked.question.victim} looks at the picture`);
      return;
    }
    state.took.value = times;
    state.answerNumber.value++;
    state.status.value = { kind: 'ready', words: '' };
  });
  if (!found.isExact) return;
  shown = asked;
  void lookAhead();
}

/**
 * Answers ahead what sliders may ask for next, until something is asked: first that which was moved last, then the other. Only
 * once the answer is on the screen, for which it would take the processor; so never on a page that nobody sees.
 */
async function lookAhead(): Promise<void> {
  const asked = newest;
  if (asked === undefined || asked !== shown || asked.place === 'server' || state.isLive.peek())
    return;
  const rest = hasRun(took.get(asked)) ? REST_MS : 0;
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, rest)));
  const { question, direction } = asked;
  const slider = state.lastSlider.peek();
  const other = slider === 'strength' ? 'epsilon' : 'strength';
  const positions = [
    ...positionsAround(question, slider, direction),
    ...positionsAround(question, other),
  ];
  let runs = 0;
  for (const position of positions) {
    if (runs === MOST_RUNS) break;
    if (newest !== asked || state.isHeld.peek()) return;
    if (hasRun(await studio.look(position).catch(() => ({})))) runs++;
  }
  state.isAhead.value = newest === asked;
}

/** Whether any model ran for a question; what was known already took no time. */
function hasRun(times: Milliseconds = {}): boolean {
  return Object.values(times).some((ms) => ms !== null);
}

/** Hands over what is right, and loads the models, where that was not done yet. */
async function prepare(asked: Asked): Promise<void> {
  const { victim, attacker } = asked.question;
  if (asked.place === 'browser') await loadModels(victim, attacker);
  await compareWith(asked);
}

/** What was handed over last, and when that is done. */
let compared:
  (Pick<Asked, 'picture' | 'truth'> & { victim: string; done: Promise<void> }) | undefined;

/** Hands over what is right, where the victim's classes are those that the label tells apart. */
function compareWith({ question: { victim }, truth, picture }: Asked): Promise<void> {
  const isDone =
    compared?.truth === truth && compared.victim === victim && compared.picture === picture;
  if (!isDone) compared = { truth, victim, picture, done: handOver(truth, victim) };
  return compared!.done;
}

async function handOver(truth: Truth | null, victim: string): Promise<void> {
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

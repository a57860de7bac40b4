import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { chromium, type Page } from 'playwright-core';
import { DEFAULT_MODELS_FOLDER, openModels } from '../src/inference/open-model.js';
import { preparePage } from '../src/serve/page/page-folders.js';
import { startServer } from '../src/serve/server.js';
import { type BenchmarkResult, median, peakRssBytes } from './benchmark.js';
import { type Contestant, startContestant } from './contestant.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'];
const [VICTIM, ATTACKER] = ['enet-camvid', 'mal-camvid-linf8'];
const SIZE = { height: 360, width: 480 };
const THREADS = 2;
/** The first rounds warm up. */
const [WARM_UP, ROUNDS] = [2, 9];
/** Pictures of a round; the least of their times counts, as with who runs beside. */
const PICTURES = 4;
/** Until the threads of whoever ran before have stopped to spin. */
const PAUSE_MS = 300;

/** What the page says in its chip: the milliseconds of each step. */
const STEPS = /segment (\d+) ms · attack (\d+) ms · segment again (\d+) ms/;
/** Hands that drag: how long after the picture's answer, and how long from a position to the next. */
const DRAGS = [
  { name: 'dragAtOnce', restMs: 0, paceMs: 150 },
  { name: 'dragFast', restMs: 0, paceMs: 75 },
  { name: 'dragAfterASecond', restMs: 1000, paceMs: 150 },
];
const POSITIONS = [...Array(19).keys()].map((i) => 95 - 5 * i);
const SOON_MS = 100;

/** Within the page: how long the main thread was held, and when sliders move and answers are on the screen. */
const WATCH = `
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: 'longtask', buffered: true });
  window.until = (isSo) => new Promise((resolve) => {
    const look = () => isSo() ? (observer.disconnect(), resolve()) : undefined;
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
    look();
  });
  window.figures = () => document.querySelector('[data-answer]');
  window.slider = (name) => [...document.querySelectorAll('input[type=range]')].find(({ labels }) => labels[0].textContent.startsWith(name));
  window.onScreen = () => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));
  window.answer = async (act) => {
    const { answer } = figures().dataset;
    const started = performance.now();
    act();
    await until(() => figures().dataset.answer !== answer);
    return await onScreen() - started;
  };
  window.moveTo = (name, value) => answer(() => {
    slider(name).value = value;
    slider(name).dispatchEvent(new Event('input', { bubbles: true }));
  });
  window.watchDrag = () => {
    window.moved = [];
    slider('Strength').addEventListener('input', () => moved.push({ at: performance.now() }));
    let last = { ...figures().dataset };
    new MutationObserver(async () => {
      const now = { ...figures().dataset };
      const kinds = ['shown', 'answer'].filter((kind) => now[kind] !== last[kind]);
      last = now;
      const move = moved.at(-1);
      const at = await onScreen();
      if (move) for (const kind of kinds) move[kind] ??= at - move.at;
    }).observe(figures(), { attributes: true });
  };
`;

/**
 * The page in headless Chromium, in WebAssembly: segment, attack and segment again at 480×360, beside the same in
 * onnxruntime-node, in turn; how soon sliders answer; how long the main thread is held.
 */
export async function run(): Promise<BenchmarkResult> {
  await preparePage();
  const models = await openModels(DEFAULT_MODELS_FOLDER);
  const server = await startServer({
    models,
    logger: pino({ level: 'silent' }),
    port: 0,
    workers: 1,
  });
  await server.ready;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const contestants = { victim: native(`${VICTIM}.serve`), attacker: native(ATTACKER) };
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.addInitScript(WATCH);
    const opened = performance.now();
    await page.goto(`${server.url}/#victim=${VICTIM}&attacker=${ATTACKER}`);
    const within = await startEvaluating(page);
    await within("until(() => document.querySelector('.chip-ready'))");
    const firstSightMs = performance.now() - opened;

    const inPage: number[] = [];
    const walls: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const contestant of Object.values(contestants)) await contestant.run(round >= WARM_UP);
      await setTimeout(PAUSE_MS);
      const taken = await lookAtPictures(within);
      if (round < WARM_UP) continue;
      inPage.push(Math.min(...taken.map(({ models }) => models)));
      walls.push(Math.min(...taken.map(({ wall }) => wall)));
    }
    const known = await moveSlider(within);
    const drags: Record<string, number> = {};
    await within('watchDrag()');
    for (const drag of DRAGS) Object.assign(drags, await dragSlider(page, within, drag));
    const { victim, attacker } = contestants;
    const inNode = victim.milliseconds.map((one, i) => 2 * one + attacker.milliseconds[i]!);
    return {
      name: 'page',
      medianSeconds: median(inPage) / 1000,
      peakRssBytes: peakRssBytes(),
      peer: `onnxruntime-node, ${THREADS} threads`,
      peerMedianSeconds: median(inNode) / 1000,
      ratio: median(inPage.map((one, i) => one / inNode[i]!)),
      fromClickToPictureMs: median(walls),
      firstSightMs,
      ...known,
      ...drags,
      longestTaskMs: await within('longest'),
      engine: await within("document.querySelector('.chip').textContent"),
      ...SIZE,
    };
  } finally {
    for (const contestant of Object.values(contestants)) contestant.stop();
    await browser.close();
    await server.close();
  }
}

function native(name: string): Contestant {
  const script = fileURLToPath(new URL('inference-session.ts', import.meta.url));
  const file = path.join(DEFAULT_MODELS_FOLDER, `${name}.onnx`);
  const sizes = [THREADS, SIZE.height, SIZE.width].map(String);
  return startContestant(process.execPath, ['--import', 'tsx', script, file, ...sizes]);
}

type Within = <T>(expression: string) => Promise<T>;

/** Evaluates in the page by the protocol alone: what playwright puts into a page to find things there takes its main thread. */
async function startEvaluating(page: Page): Promise<Within> {
  const devtools = await page.context().newCDPSession(page);
  return async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value as T;
  };
}

/** Chooses scenes one after the other, of which nothing is known yet. */
async function lookAtPictures(within: Within): Promise<{ models: number; wall: number }[]> {
  const taken: { models: number; wall: number }[] = [];
  for (let i = 0; i < PICTURES; i++) {
    const wall = await choose(within, 1 + i);
    const chip = await within<string>("document.querySelector('.chip').textContent");
    const steps = STEPS.exec(chip);
    if (steps === null) throw new Error(`expected the milliseconds of each step, got ${chip}`);
    taken.push({ models: steps.slice(1).reduce((sum, ms) => sum + Number(ms), 0), wall });
  }
  return taken;
}

function choose(within: Within, scene: number): Promise<number> {
  return within(`answer(() => document.querySelectorAll('.samples button')[${scene}].click())`);
}

/** Every position of the strength, once all are answered ahead; and one of which nothing is known. */
async function moveSlider(within: Within): Promise<Record<string, number>> {
  await within("until(() => figures().dataset.ahead === 'true')");
  const known: number[] = [];
  for (const percent of POSITIONS) known.push(await within(`moveTo('Strength', ${percent})`));
  const unknown: number[] = [];
  for (let i = 0; i < PICTURES; i++) {
    await choose(within, 1 + i);
    // The farthest from what is answered ahead first.
    unknown.push(await within(`moveTo('Strength', ${i % 2 === 0 ? 100 : 5})`));
  }
  await within("moveTo('Strength', 100)");
  return {
    sliderMedianMs: median(known),
    sliderMostMs: Math.max(...known),
    sliderUnknownMedianMs: median(unknown),
  };
}

/** Drags the strength by the mouse from end to end, on scenes of which no position but the first was computed. */
async function dragSlider(
  page: Page,
  within: Within,
  { name, restMs, paceMs }: (typeof DRAGS)[number],
): Promise<Record<string, number>> {
  const { left, top, width, height } = await within<
    Record<'left' | 'top' | 'width' | 'height', number>
  >(
    "(slider('Strength').scrollIntoView({ block: 'center' }), slider('Strength').getBoundingClientRect().toJSON())",
  );
  // The thumb is as wide as it is high, and stays within.
  const [thumb, y] = [16, top + height / 2];
  const xOf = (percent: number): number => left + thumb / 2 + ((width - thumb) * percent) / 100;
  const moved: { shown?: number; answer?: number }[] = [];
  for (let i = 0; i < PICTURES; i++) {
    await choose(within, 1 + i);
    await setTimeout(restMs);
    await page.mouse.move(xOf(100), y);
    await page.mouse.down();
    await within('moved.splice(0)');
    for (const percent of POSITIONS) {
      await page.mouse.move(xOf(percent), y);
      await setTimeout(paceMs);
    }
    await page.mouse.up();
    moved.push(...(await within<typeof moved>('moved.splice(0)')));
    await within("moveTo('Strength', 100)");
  }
  const soon = (times: readonly (number | undefined)[]): number =>
    times.filter((ms) => ms !== undefined && ms <= SOON_MS).length / moved.length;
  const shown = moved.map((move) => move.shown);
  return {
    [`${name}Positions`]: moved.length,
    [`${name}ShownSoon`]: soon(shown),
    [`${name}ExactSoon`]: soon(moved.map(({ answer }) => answer)),
    [`${name}ShownMedianMs`]: median(shown.map((ms) => ms ?? Infinity)),
  };
}

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

/** Within the page: how long the main thread was held, and how long an answer takes from the input to its picture. */
const WATCH = `
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: 'longtask', buffered: true });
  window.timeSlider = (name, value) => new Promise((resolve) => {
    const slider = [...document.querySelectorAll('input[type=range]')].find(({ labels }) => labels[0].textContent.startsWith(name));
    const figures = document.querySelector('[data-answer]');
    const started = performance.now();
    new MutationObserver((_, observer) => {
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.now() - started));
    }).observe(figures, { attributeFilter: ['data-answer'] });
    slider.value = value;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  });
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
    await page.waitForSelector('.chip-ready', { timeout: 120_000 });
    const firstSightMs = performance.now() - opened;

    const inPage: number[] = [];
    const walls: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const contestant of Object.values(contestants)) await contestant.run(round >= WARM_UP);
      await setTimeout(PAUSE_MS);
      const taken = await lookAtPictures(page);
      if (round < WARM_UP) continue;
      inPage.push(Math.min(...taken.map(({ models }) => models)));
      walls.push(Math.min(...taken.map(({ wall }) => wall)));
    }
    const slider = await dragSlider(page);
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
      ...slider,
      longestTaskMs: await page.evaluate<number>('longest'),
      engine: await page.locator('.chip').innerText(),
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

/** Chooses scenes one after the other, of which nothing is known yet. */
async function lookAtPictures(page: Page): Promise<{ models: number; wall: number }[]> {
  const taken: { models: number; wall: number }[] = [];
  for (let i = 0; i < PICTURES; i++) {
    const wall = await answerOf(page, () =>
      page
        .locator('.samples button')
        .nth(1 + i)
        .click(),
    );
    const steps = STEPS.exec(await page.locator('.chip').innerText());
    if (steps === null) throw new Error('expected the milliseconds of each step in the page');
    taken.push({ models: steps.slice(1).reduce((sum, ms) => sum + Number(ms), 0), wall });
  }
  return taken;
}

async function answerOf(page: Page, act: () => Promise<void>): Promise<number> {
  const before = await page.locator('[data-answer]').getAttribute('data-answer');
  const started = performance.now();
  await act();
  await page.locator(`[data-answer]:not([data-answer="${before}"])`).waitFor();
  return performance.now() - started;
}

/** Every position of the strength, once all are answered ahead; and a position of which nothing is known. */
async function dragSlider(page: Page): Promise<Record<string, number>> {
  await page.locator('[data-ahead=true]').waitFor({ timeout: 120_000 });
  const known: number[] = [];
  for (let percent = 95; percent >= 5; percent -= 5) {
    known.push(await page.evaluate<number>(`timeSlider('Strength', ${percent})`));
  }
  const unknown: number[] = [];
  for (let i = 0; i < PICTURES; i++) {
    await answerOf(page, () =>
      page
        .locator('.samples button')
        .nth(1 + i)
        .click(),
    );
    // The farthest from what is answered ahead first.
    unknown.push(await page.evaluate<number>(`timeSlider('Strength', ${i % 2 === 0 ? 100 : 5})`));
  }
  return {
    sliderMedianMs: median(known),
    sliderMostMs: Math.max(...known),
    sliderUnknownMedianMs: median(unknown),
  };
}

import assert from 'node:assert/strict';
import {
  checkGate,
  type GatedReport,
  gateThresholds,
} from '../../../src/report/gate/check-gate.js';
import { toJunit, toMarkdown } from '../../../src/report/gate/gate-output.js';
import type { SegprobeError } from '../../../src/shared/errors.js';

/** Its draws are 0.50 … 0.70 around 0.6. */
function report(miou = 0.6, own: Partial<GatedReport['evaluation']> = {}): GatedReport {
  const draws = Array.from({ length: 101 }, (_, i) => miou - 0.1 + 0.002 * i);
  return {
    evaluation: {
      ...{ victim: 'enet', attacker: 'mal', dataset: 'camvid', split: 'val', images: 10 },
      ...{ miou, miouAttacked: 0.2 },
      ...own,
    },
    classes: [
      { name: 'road', iou: 0.9 },
      { name: 'pole', iou: 0.1 },
      { name: 'fence', iou: null },
    ],
    labelNoise: { object: { regions: 2 } },
    // At 0, 2, 4 and 8 of 255.
    strengths: {
      points: [0.6, 0.5, 0.3, 0.2].map((own, i) => ({
        linf: [0, 2, 4, 8][i]! / 255,
        miou: own,
        miouInterval: [own - 0.05, own + 0.05] as [number, number],
      })),
    },
    bootstrap: { miou: draws, miouAttacked: draws.map((value) => value - miou + 0.2) },
  };
}

const outcome = (thresholds: object, own = report(), baseline: GatedReport | null = null) =>
  checkGate(own, gateThresholds.parse(thresholds), baseline);

describe('checkGate', () => {
  const cases: readonly { readonly thresholds: object; readonly holds: boolean }[] = [
    { thresholds: { miou: 0.6 }, holds: true },
    { thresholds: { miou: 0.61 }, holds: false },
    { thresholds: { miou: 0.5, confident: true }, holds: true }, // the 2.5th percentile is 0.505
    { thresholds: { miou: 0.51, confident: true }, holds: false },
    { thresholds: { miouAttacked: 0.2 }, holds: true },
    { thresholds: { miouAttacked: 0.25 }, holds: false },
    { thresholds: { miouAtEpsilon: { '4/255': 0.3, '8/255': 0.2 } }, holds: true },
    { thresholds: { miouAtEpsilon: { '4/255': 0.31 } }, holds: false },
    { thresholds: { miouAtEpsilon: { '3/255': 0.399 } }, holds: true }, // halfway from 0.5 to 0.3
    { thresholds: { miouAtEpsilon: { '3/255': 0.401 } }, holds: false },
    { thresholds: { miouAtEpsilon: { '0.0157': 0.25 }, confident: true }, holds: true },
    { thresholds: { miouAtEpsilon: { '4/255': 0.26 }, confident: true }, holds: false },
    { thresholds: { classes: { road: 0.9 } }, holds: true },
    { thresholds: { classes: { road: 0.8, pole: 0.2 } }, holds: false },
    { thresholds: { classes: { fence: 0.1 } }, holds: false },
    { thresholds: { worstClass: 0.1 }, holds: true },
    { thresholds: { worstClass: 0.11 }, holds: false },
    { thresholds: { suspects: 2 }, holds: true },
    { thresholds: { suspects: 1 }, holds: false },
  ];
  for (const { thresholds, holds } of cases) {
    it(`${holds ? 'holds' : 'fails'} for ${JSON.stringify(thresholds)}`, () => {
      assert.equal(outcome(thresholds).holds, holds);
    });
  }

  it('fails for a fall beside a baseline that is no chance of the images', () => {
    // Draw by draw the change is the same, so even a small fall is sure.
    assert.equal(outcome({ drop: 0.005 }, report(0.59), report(0.6)).holds, false);
    assert.equal(outcome({ drop: 0.02 }, report(0.59), report(0.6)).holds, true);
    assert.equal(outcome({ drop: 0 }, report(0.61), report(0.6)).holds, true);
  });

  it('lets a fall pass that may be chance', () => {
    const before = report(0.6);
    const turned = { ...before.bootstrap, miou: [...before.bootstrap.miou].reverse() };
    const now = { ...report(0.59), bootstrap: turned };
    assert.equal(outcome({ drop: 0 }, now, before).holds, true);
  });

  const refused: readonly { readonly name: string; readonly act: () => unknown }[] = [
    {
      name: 'a figure that the report has not',
      act: () => outcome({ miouAttacked: 0.1 }, report(0.6, { miouAttacked: null })),
    },
    {
      name: 'a budget beyond those that were tried',
      act: () => outcome({ miouAtEpsilon: { '9/255': 0.1 } }),
    },
    {
      name: 'a budget of a report without strengths',
      act: () => outcome({ miouAtEpsilon: { '2/255': 0.1 } }, { ...report(), strengths: null }),
    },
    { name: 'a budget that is none', act: () => outcome({ miouAtEpsilon: { small: 0.1 } }) },
    { name: 'a class that it has not', act: () => outcome({ classes: { tram: 0.1 } }) },
    { name: 'a drop without a baseline', act: () => outcome({ drop: 0.1 }) },
    {
      name: 'a baseline of other images',
      act: () => outcome({ miou: 0.1 }, report(), report(0.6, { images: 11 })),
    },
  ];
  for (const { name, act } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(act, (error: SegprobeError) => error.code === 'USAGE');
    });
  }

  it('takes no thresholds that it does not know, and not none', () => {
    assert.equal(gateThresholds.safeParse({ mIoU: 0.5 }).success, false);
    assert.equal(gateThresholds.safeParse({ confident: true }).success, false);
  });
});

describe('toJunit and toMarkdown', () => {
  it('tell what holds and what does not', () => {
    const found = outcome({ miou: 0.6, worstClass: 0.5 });
    const junit = toJunit(found);
    assert.match(junit, /<testsuites tests="2" failures="1">/);
    assert.match(junit, /name="worstClass">\s*<failure message="IoU of every class: expected/);
    assert.match(
      toMarkdown(found),
      /enet does not hold[\s\S]*\| ✓ \| mIoU[\s\S]*\| ✗ \| IoU of every/,
    );
  });
});

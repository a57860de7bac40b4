import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { CAMVID, classNames } from '../../../src/shared/classes.js';

/** The digests were taken once; exact arithmetic gives them on every machine. */
const PINNED = [
  {
    seed: 1,
    size: { height: 360, width: 480 },
    image: '73ccc8cc3b66eded0ea7728f5e6d23843a8c77ec88b7f4a54458d6b0e9b720b9',
    label: '6a434b15576601df83d76b1f422ff88338e3b1212f3c40d2059d19077c3c9022',
  },
  {
    seed: 123456,
    size: { height: 96, width: 160 },
    image: '258a062b572fdb26a9bcbaa205fc1d4756bb16243446cec8e3053b08e18287e7',
    label: '9214a2bdd27125c9f496f8dae65c72b19deacbfb1ceaae639f059bc0d0fd5a57',
  },
];

const SIZES = [
  { height: 64, width: 64 },
  { height: 128, width: 64 },
  { height: 72, width: 200 },
  { height: 512, width: 1024 },
];

/** The least and the most that a class may cover of all scenes, in percent: CamVid's share lies well inside. */
const SHARES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  sky: [8, 28],
  building: [12, 36],
  pole: [0.3, 3],
  road: [22, 45],
  pavement: [2, 10],
  tree: [4, 20],
  sign_symbol: [0.1, 3],
  fence: [0.2, 4],
  car: [2, 14],
  pedestrian: [0.1, 3],
  bicyclist: [0.05, 2],
  unlabeled: [0.5, 9],
};

describe('drawScene', () => {
  for (const { seed, size, image, label } of PINNED) {
    it(`draws the pinned bytes of seed ${seed} at ${size.height}×${size.width}`, () => {
      const scene = drawScene(seed, size);
      assert.deepEqual([sha256(scene.image), sha256(scene.label)], [image, label]);
    });
  }

  it('draws the same again, whatever was drawn between', () => {
    const size = { height: 64, width: 96 };
    const first = drawScene(5, size);
    drawScene(6, { height: 96, width: 64 });
    assert.deepEqual(drawScene(5, size), first);
    assert.notDeepEqual(drawScene(6, size).image, first.image);
  });

  it('takes its name, and makes one of the seed where none is given', () => {
    const size = { height: 64, width: 64 };
    assert.equal(drawScene(5, size, 'a-name').name, 'a-name');
    assert.match(drawScene(5, size).name, /5$/);
  });

  for (const size of SIZES) {
    it(`fills a picture of ${size.height}×${size.width}`, () => {
      const scene = drawScene(9, size);
      const { height, width } = scene;
      assert.deepEqual({ height, width }, size);
      assert.equal(scene.image.length, 3 * height * width);
      assert.equal(scene.label.length, height * width);
      assert.ok(scene.label.every((number) => number < CAMVID.classes.length));
      // The road reaches the lower part of every picture, the sky the upper.
      const road = classNames(CAMVID).indexOf('road');
      assert.ok(scene.label.subarray((height >> 1) * width).includes(road));
      assert.ok(!scene.label.subarray(0, (height >> 2) * width).includes(road));
    });
  }

  it('draws every class, in shares like those of CamVid', function () {
    this.timeout(60_000);
    const [scenes, size] = [40, { height: 180, width: 240 }];
    const counts = new Float64Array(CAMVID.classes.length);
    for (let seed = 0; seed < scenes; seed++) {
      for (const number of drawScene(seed, size).label) counts[number]!++;
    }
    const percent = 100 / (scenes * size.height * size.width);
    for (const [number, name] of classNames(CAMVID).entries()) {
      const [least, most] = SHARES[name]!;
      const share = counts[number]! * percent;
      assert.ok(share > least && share < most, `${name}: ${share.toFixed(2)} %`);
    }
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

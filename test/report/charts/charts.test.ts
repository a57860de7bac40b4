import assert from 'node:assert/strict';
import sharp from 'sharp';
import {
  barChart,
  EMBEDDED,
  lineChart,
  pictureGrid,
  svgToPng,
} from '../../../src/report/charts/index.js';

/** The numbers of an attribute, over all elements of a kind that have it, in order. */
function numbersOf(svg: string, name: string, attribute: string): number[] {
  const elements = svg.match(new RegExp(`<${name} [^>]*>`, 'g')) ?? [];
  return elements.flatMap((found) => {
    const value = new RegExp(` ${attribute}="([^"]*)"`).exec(found)?.[1];
    return value === undefined ? [] : [Number(value)];
  });
}

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, content]) => content!);

describe('lineChart', () => {
  const chart = lineChart({
    title: 'A & B',
    x: { label: 'ε', domain: [0, 8] },
    y: { label: 'mIoU', domain: [0, 1], format: (value) => `${100 * value} %` },
    series: [
      {
        name: 'one',
        points: [
          [0, 1],
          [4, 0.5],
          [8, 0],
        ],
      },
      { name: 'other', points: [[8, 0.25]], dashed: true },
    ],
  });

  it('puts the points where their numbers say', () => {
    const [x, y] = [numbersOf(chart, 'circle', 'cx'), numbersOf(chart, 'circle', 'cy')];
    assert.equal(x.length, 4);
    assert.equal(x[1], (x[0]! + x[2]!) / 2);
    assert.equal(x[3], x[2]);
    assert.equal(y[1], (y[0]! + y[2]!) / 2);
    assert.ok(Math.abs(y[3]! - (y[2]! + (y[0]! - y[2]!) / 4)) <= 0.02);
    assert.ok(y[0]! < y[2]!, 'more is higher');
  });

  it('names title, axes, series and ticks, with what XML gives a meaning to escaped', () => {
    const texts = textsOf(chart);
    for (const expected of ['A &#38; B', 'ε', 'mIoU', 'one', 'other', '0 %', '100 %', '8']) {
      assert.ok(texts.includes(expected), expected);
    }
  });

  it('draws nothing of series without points, and one value with room about it', () => {
    const series = [
      { name: 'none', points: [] },
      { name: 'one', points: [[3, 5]] as const },
    ];
    const single = lineChart({ title: '', x: { label: '' }, y: { label: '' }, series });
    assert.equal(numbersOf(single, 'circle', 'cx').length, 1);
    assert.doesNotMatch(single, /NaN|Infinity|undefined/);
  });

  it('takes colours from the page that it is embedded in', () => {
    const series = [{ name: 'one', points: [[0, 1]] as const }];
    const axis = { label: '', domain: [0, 1] } as const;
    const embedded = lineChart({ title: '', x: axis, y: axis, series, colors: EMBEDDED });
    assert.match(embedded, /fill="var\(--chart-ink\)"/);
  });
});

describe('barChart', () => {
  const chart = barChart({
    title: 'IoU',
    y: { label: 'IoU', domain: [0, 1], format: (value) => `${Math.round(100 * value)} %` },
    figures: (value) => `${(100 * value).toFixed(1)} %`,
    series: ['before', 'after'],
    groups: [
      { name: 'road', values: [1, 0.25] },
      { name: 'pole', values: [0.5, null] },
      { name: 'mean', values: [0.75, 0.25], apart: true },
    ],
  });
  // The first rectangle is the ground.
  const heights = numbersOf(chart, 'rect', 'height').slice(1);

  it('makes bars as high as their numbers, and none where there is none', () => {
    assert.deepEqual(
      heights.map((height) => Math.round((100 * height) / heights[0]!)),
      [100, 25, 50, 75, 25],
    );
  });

  it('writes each figure above its bar', () => {
    const texts = textsOf(chart);
    for (const expected of ['100.0', '25.0', '50.0', '75.0']) {
      assert.ok(texts.includes(expected), expected);
    }
  });
});

describe('pictureGrid and svgToPng', () => {
  it('draws pictures where the grid puts them', async () => {
    const plain = (color: string) =>
      sharp({ create: { width: 4, height: 4, channels: 3, background: color } })
        .png()
        .toBuffer();
    const svg = pictureGrid({
      title: 'Scenes',
      columns: ['picture', 'labels'],
      rows: [{ name: 'a', pictures: [await plain('#ff0000'), await plain('#0000ff')] }],
      cell: { width: 40, height: 40 },
    });
    const png = svgToPng(svg, { scale: 1 });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    const [x] = [numbersOf(svg, 'image', 'x'), 0];
    const y = numbersOf(svg, 'image', 'y')[0]!;
    const at = (left: number, top: number): number[] => {
      const start = (Math.round(top) * info.width + Math.round(left)) * info.channels;
      return [...data.subarray(start, start + 3)];
    };
    assert.deepEqual(at(x[0]! + 20, y + 20), [255, 0, 0]);
    assert.deepEqual(at(x[1]! + 20, y + 20), [0, 0, 255]);
    assert.equal(info.width, numbersOf(svg, 'svg', 'width')[0]);
  });

  it('draws twice as large unless told otherwise', async () => {
    const axis = { label: '', domain: [0, 1] } as const;
    const size = { width: 300, height: 200 };
    const png = svgToPng(lineChart({ title: 't', x: axis, y: axis, series: [], size }));
    const { width, height, format } = await sharp(png).metadata();
    assert.deepEqual([width, height, format], [600, 400, 'png']);
  });
});

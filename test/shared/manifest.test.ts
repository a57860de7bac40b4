import assert from 'node:assert/strict';
import { isSegprobeError } from '../../src/shared/errors.js';
import {
  classTableOf,
  fromMetadataProps,
  parseManifest,
  toMetadataProps,
} from '../../src/shared/manifest.js';
import type { Manifest } from '../../src/shared/manifest.js';

function goodManifest(): Manifest {
  return {
    kind: 'victim',
    name: 'enet-camvid',
    classes: ['sky', 'road'],
    palette: [
      [128, 128, 128],
      [128, 64, 128],
    ],
    ignoreIndex: 11,
    dataset: 'camvid',
    inputSize: { height: 360, width: 480 },
    checkpointSha256: 'a'.repeat(64),
    file: { name: 'enet-camvid.onnx', sha256: 'b'.repeat(64), bytes: 1_500_000 },
    opset: 17,
    training: { epochs: 300, config: { learningRate: 5e-4 } },
    measured: [
      {
        split: 'test',
        images: 233,
        miou: 0.5246,
        pixelAccuracy: 0.88,
        classes: [
          { name: 'sky', iou: 0.9 },
          { name: 'road', iou: null },
        ],
      },
    ],
    license: 'MIT; CamVid is for non-commercial use',
    segprobeVersion: '0.1.0',
    createdAt: '2026-11-23T02:40:00.000Z',
  };
}

describe('parseManifest', () => {
  it('gives back a good manifest, further keys included', () => {
    const manifest = { ...goodManifest(), remark: 'trained twice' };
    assert.deepEqual(parseManifest(structuredClone(manifest), 'x.json'), manifest);
  });

  const faults: { name: string; edit: (manifest: Record<string, unknown>) => void; key: string }[] =
    [
      { name: 'an unknown kind', edit: (m) => (m['kind'] = 'thief'), key: 'kind' },
      { name: 'a missing list of classes', edit: (m) => delete m['classes'], key: 'classes' },
      { name: 'an empty list of classes', edit: (m) => (m['classes'] = []), key: 'classes' },
      {
        name: 'a palette with a colour too few',
        edit: (m) => (m['palette'] = [[1, 2, 3]]),
        key: 'palette',
      },
      {
        name: 'a colour above 255',
        edit: (m) =>
          (m['palette'] = [
            [1, 2, 3],
            [1, 256, 3],
          ]),
        key: 'palette.1.1',
      },
      {
        name: 'a size that is no multiple of 8',
        edit: (m) => (m['inputSize'] = { height: 360, width: 484 }),
        key: 'inputSize.width',
      },
      {
        name: 'an upper-case digest',
        edit: (m) => (m['checkpointSha256'] = 'A'.repeat(64)),
        key: 'checkpointSha256',
      },
      {
        name: 'a mIoU in percent',
        edit: (m) => (m['measured'] = [{ ...goodManifest().measured[0], miou: 52.46 }]),
        key: 'measured.0.miou',
      },
      { name: 'a date that is none', edit: (m) => (m['createdAt'] = 'today'), key: 'createdAt' },
    ];
  for (const { name, edit, key } of faults) {
    it(`refuses ${name}, naming ${key}`, () => {
      const manifest: Record<string, unknown> = { ...goodManifest() };
      edit(manifest);
      assert.throws(
        () => parseManifest(manifest, 'x.json'),
        (error) =>
          isSegprobeError(error, 'MODEL_INVALID') && error.message.startsWith(`x.json: ${key}: `),
      );
    });
  }

  it('refuses what is no object', () => {
    for (const json of [null, [], 'victim']) {
      assert.throws(() => parseManifest(json, 'x.json'), { code: 'MODEL_INVALID' });
    }
  });
});

describe('toMetadataProps', () => {
  it('writes the documented keys, as text', () => {
    assert.deepEqual(toMetadataProps(goodManifest()), {
      'segprobe.kind': 'victim',
      'segprobe.classes': '["sky","road"]',
      'segprobe.palette': '[[128,128,128],[128,64,128]]',
      'segprobe.ignore': '11',
      'segprobe.dataset': 'camvid',
      'segprobe.input_size': '{"height":360,"width":480}',
      'segprobe.checkpoint_sha256': 'a'.repeat(64),
    });
  });
});

describe('fromMetadataProps', () => {
  it('reads back what toMetadataProps wrote', () => {
    const { kind, classes, palette, ignoreIndex, dataset, inputSize, checkpointSha256 } =
      goodManifest();
    assert.deepEqual(fromMetadataProps(toMetadataProps(goodManifest()), 'x.onnx'), {
      kind,
      classes,
      palette,
      ignoreIndex,
      dataset,
      inputSize,
      checkpointSha256,
    });
  });

  it('names the first key that is missing or wrong', () => {
    const good = toMetadataProps(goodManifest());
    const withoutClasses = Object.fromEntries(
      Object.entries(good).filter(([key]) => key !== 'segprobe.classes'),
    );
    for (const [props, key] of [
      [{}, 'segprobe.kind'],
      [withoutClasses, 'segprobe.classes'],
      [{ ...good, 'segprobe.palette': '[[1,2,3]' }, 'segprobe.palette'],
      [{ ...good, 'segprobe.ignore': 'eleven' }, 'segprobe.ignore'],
      [{ ...good, 'segprobe.input_size': '{"height":360}' }, 'segprobe.input_size.width'],
    ] as const) {
      assert.throws(
        () => fromMetadataProps(props, 'x.onnx'),
        (error) =>
          isSegprobeError(error, 'MODEL_INVALID') &&
          error.message.startsWith(`x.onnx: metadata_props: ${key}: `),
      );
    }
  });
});

describe('classTableOf', () => {
  it('pairs names with colours', () => {
    assert.deepEqual(classTableOf(goodManifest()), {
      classes: [
        { name: 'sky', color: [128, 128, 128] },
        { name: 'road', color: [128, 64, 128] },
      ],
      ignoreIndex: 11,
    });
  });
});

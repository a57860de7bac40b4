import { InferenceSession, Tensor } from 'onnxruntime-node';
import { argmaxOverClasses } from '../shared/argmax.js';
import type { Precision } from '../shared/manifest.js';
import {
  differs,
  openOnnx,
  randomImage,
  refusing,
  type Shape,
  VERIFIED_SHAPES,
} from './run-onnx.js';

/**
 * The share of pixels that must have the same class, by the precision of the weights: logits that are equal but for rounding may go either way, and
 * weights that were put together in another way are rounded in another.
 */
const LEAST_AGREEMENT: Readonly<Record<Precision, number>> = { float32: 0.999, float16: 0.99 };

/**
 * Compares the labels of a form of a victim that takes and gives bytes with those of its logits, both on ONNX Runtime, on random pictures.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` if they are others, or ONNX Runtime does not run it.
 */
export async function verifyByteForm(
  form: Uint8Array,
  onnx: Uint8Array,
  classCount: number,
  precision: Precision = 'float32',
): Promise<void> {
  const victim = await openOnnx(onnx, 'logits');
  const session = await refusing(() => InferenceSession.create(form));
  try {
    for (const shape of VERIFIED_SHAPES.map((own) => ({ ...own, count: 1 }))) {
      const bytes = Uint8Array.from(randomImage(shape, 1), (share) => Math.floor(256 * share));
      const image = Float32Array.from(bytes, (value) => value / 255);
      const expected = argmaxOverClasses(await victim.run(image, shape, classCount), classCount);
      const labels = await labelsOf(session, bytes, shape);
      const same = expected.filter((label, i) => label === labels[i]).length / expected.length;
      if (same < LEAST_AGREEMENT[precision]) {
        throw differs(
          `the classes of a form with bytes at its ends to be those of the logits`,
          `${same} of them`,
        );
      }
    }
  } finally {
    await Promise.all([victim.release(), session.release()]);
  }
}

async function labelsOf(
  session: InferenceSession,
  bytes: Uint8Array,
  { count, height, width }: Shape,
): Promise<Uint8Array> {
  const image = new Tensor('uint8', bytes, [count, height, width, 3]);
  const { labels } = await refusing(() => session.run({ image_u8: image }));
  const dims = `${count},${height},${width}`;
  if (String(labels?.dims) !== dims || !(labels?.data instanceof Uint8Array)) {
    throw differs(
      `labels uint8 [${dims}]`,
      labels ? `${labels.type} [${labels.dims.join()}]` : 'none',
    );
  }
  return labels.data;
}

import type { Size } from '../data/dataset.js';
import { enlarge } from '../shared/enlarge.js';
import { sharp } from '../data/sharp.js';

/** A decoded picture: RGB, 8 bits a channel, `[H, W, 3]` flattened. */
export interface RgbPicture extends Size {
  readonly data: Uint8Array;
}

/**
 * Resizes a decoded picture bilinearly, as `decodePicture` does while it decodes: shrinks on libuv's threads.
 *
 * @returns RGB `[size.height, size.width, 3]` flattened; the picture's own array when it has that size.
 */
export async function resizePicture(picture: RgbPicture, size: Size): Promise<Uint8Array> {
  const { data, height, width } = picture;
  if (height === size.height && width === size.width) return data;
  const { data: shrunk, info } = await sharp(data, { raw: { height, width, channels: 3 } })
    .resize(size.width, size.height, { fit: 'fill', kernel: 'linear', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return info.width < size.width || info.height < size.height
    ? enlarge(shrunk, info, size)
    : shrunk;
}

import sharp from 'sharp';

/**
 * sharp, set up for files that anybody may have made. Import it from here, so that the settings hold everywhere.
 *
 * No operation cache and one thread a picture: memory goes back, and pictures are decoded side by side on libuv's
 * threads (UV_THREADPOOL_SIZE, four unless set) instead. Only the loaders of the five formats are left open, the
 * others (SVG, PDF, GIF, ImageMagick, …) refuse.
 *
 * @see https://sharp.pixelplumbing.com/security
 */
sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPng',
    'VipsForeignLoadJpeg',
    'VipsForeignLoadWebp',
    'VipsForeignLoadHeif', // AVIF; the prebuilt library has no HEVC
    'VipsForeignLoadTiff',
  ],
});

export { sharp };

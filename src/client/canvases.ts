import type { Bitmaps, PaneName } from './worker/protocol.js';

/** The canvases that show each picture. */
const canvases = new Map<PaneName, Set<HTMLCanvasElement>>();

/** Shows a picture on `canvas` from now on; returns how to end it. */
export function showOn(canvas: HTMLCanvasElement, pane: PaneName): () => void {
  const shown = canvases.get(pane) ?? new Set();
  canvases.set(pane, shown.add(canvas));
  return () => shown.delete(canvas);
}

/** Draws pictures where they are shown, and closes them. */
export function draw(bitmaps: Bitmaps): void {
  for (const [pane, bitmap] of Object.entries(bitmaps)) {
    for (const canvas of canvases.get(pane as PaneName) ?? []) {
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
      }
      const context = canvas.getContext('2d')!;
      context.clearRect(0, 0, bitmap.width, bitmap.height);
      context.drawImage(bitmap, 0, 0);
    }
    bitmap.close();
  }
}

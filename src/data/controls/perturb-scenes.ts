import type { Scene } from '../dataset.js';
import type { Control } from './control.js';
import { matchPsnr } from './match.js';

/** What a control draws from: the scene's number, so that scenes differ and runs do not. */
const seedOf = (seed: number, index: number): number => seed * 1_000_003 + index;

/** Applies a control to scenes, each with the same strength. */
export function applyControl(
  control: Control,
  strength: number,
  seed: number,
): (scenes: readonly Scene[], first: number) => Promise<Uint8Array[]> {
  return (scenes, first) =>
    Promise.all(
      scenes.map((scene, i) =>
        control.apply({ ...scene, data: scene.image }, strength, seedOf(seed, first + i)),
      ),
    );
}

/** Applies a control to scenes, each as strongly as it takes for a PSNR in dB. */
export function applyControlAt(
  control: Control,
  psnrDb: number,
  seed: number,
): (scenes: readonly Scene[], first: number) => Promise<Uint8Array[]> {
  return (scenes, first) =>
    Promise.all(
      scenes.map(async (scene, i) => {
        const picture = { ...scene, data: scene.image };
        return (await matchPsnr(control, picture, psnrDb, seedOf(seed, first + i))).picture;
      }),
    );
}

import { settled } from './settled.js';
import { takeFrame } from './pictures.js';
import { attempt } from './say.js';
import * as state from './state.js';

/** What is played, frame by frame as fast as the models follow. */
const video = document.createElement('video');
video.muted = true;
video.playsInline = true;
video.loop = true;

/** Looks through the camera until `stopLive`. */
export function startCamera(): Promise<void> {
  return attempt(async () => {
    const devices = (navigator as Partial<Navigator>).mediaDevices;
    if (devices === undefined) {
      throw new Error('expected a camera, got a page that may not use one (https only)');
    }
    let stream: MediaStream;
    try {
      stream = await devices.getUserMedia({
        video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: 'environment' },
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`expected a camera, got: ${why}`, { cause });
    }
    stopLive();
    video.srcObject = stream;
    await play('camera');
  });
}

/** Plays a film until `stopLive`. */
export function playFilm(file: File): Promise<void> {
  return attempt(async () => {
    stopLive();
    video.src = URL.createObjectURL(file);
    await play(file.name);
  });
}

/** Ends what is played; its last frame stays. */
export function stopLive(): void {
  state.isLive.value = false;
  video.pause();
  if (video.srcObject instanceof MediaStream) {
    for (const track of video.srcObject.getTracks()) track.stop();
  }
  if (video.src !== '') URL.revokeObjectURL(video.src);
  video.srcObject = null;
  video.removeAttribute('src');
}

async function play(name: string): Promise<void> {
  try {
    await video.play();
  } catch (cause) {
    stopLive();
    throw new Error(`${name}: expected a film that this browser plays (MP4, WebM …)`, { cause });
  }
  state.isLive.value = true;
  const turn = ++turns;
  void attempt(async () => {
    try {
      while (state.isLive.value && turn === turns) {
        const answer = settled();
        await takeFrame(await createImageBitmap(video), name);
        await answer;
      }
    } finally {
      if (turn === turns) stopLive();
    }
  });
}

/** How often something was played: the loop of what was before ends. */
let turns = 0;

import { playFilm, stopLive } from './live.js';
import { takeModel } from './models.js';
import { takeLabel, takePicture } from './pictures.js';
import * as state from './state.js';

/** Takes a file for what it is: a model, a film, or else a picture. */
export function takeFile(file: File): void {
  if (file.name.endsWith('.onnx')) {
    void takeModel(file);
  } else if (file.type.startsWith('video/')) {
    void playFilm(file);
  } else {
    stopLive();
    void takePicture(file, file.name || 'the pasted picture');
  }
}

/** From now on files may be dropped on the page, and pasted. What is dropped on a label's place is a label. */
export function listenForFiles(): void {
  addEventListener('dragover', (event) => {
    event.preventDefault();
    state.isDropping.value = true;
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) state.isDropping.value = false;
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    state.isDropping.value = false;
    const isLabel = (event.target as Element).closest('[data-drop=label]') !== null;
    takeFiles(event.dataTransfer, isLabel);
  });
  addEventListener('paste', (event) => takeFiles(event.clipboardData, false));
}

function takeFiles(data: DataTransfer | null, isLabel: boolean): void {
  for (const file of data?.files ?? []) {
    if (isLabel) takeLabel(file, file.name);
    else takeFile(file);
  }
}

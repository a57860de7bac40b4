import { render } from 'preact';
import { App } from './components/app.js';
import { start } from './conductor.js';
import { listenForFiles } from './files.js';
import { keepForOffline } from './offline.js';
import { settled } from './settled.js';

// A task of its own: reading the script was one already.
setTimeout(() => {
  render(<App />, document.getElementById('app')!);
  listenForFiles();
  const first = settled();
  void start();
  // What is on the screen comes first.
  void first.then(keepForOffline);
});

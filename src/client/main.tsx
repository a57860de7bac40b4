import { render } from 'preact';
import { App } from './components/app.js';
import { start } from './conductor.js';

render(<App />, document.getElementById('app')!);
void start();

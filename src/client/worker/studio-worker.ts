import { expose, wrap } from 'comlink';
import type { Models } from './models.js';
import { Studio } from './studio.js';

/** The thread that works on pictures; the one that runs models is below it. */
const models = new Worker(new URL('./models-worker.ts', import.meta.url), { type: 'module' });
expose(new Studio(wrap<Models>(models)));

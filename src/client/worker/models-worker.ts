import { expose } from 'comlink';
import { Models } from './models.js';

/** The thread that runs models. */
expose(new Models());

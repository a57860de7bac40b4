// A server or a worker as a process of its own, to be killed: `server` or `worker`, and its configuration as JSON.
import { pino } from 'pino';
import { openModels } from '../../src/inference/open-model.js';
import { DEFAULT_CONFIG, type Config } from '../../src/serve/config/schema.js';
import { startWorker } from '../../src/serve/evaluations/distributed/start-worker.js';
import { startServer } from '../../src/serve/server.js';

const [kind, json] = process.argv.slice(2);
const config: Config = { ...DEFAULT_CONFIG, ...(JSON.parse(json!) as Partial<Config>) };
const own = { models: await openModels(config.models), logger: pino({ level: 'warn' }) };
await (kind === 'server' ? startServer({ ...config, ...own }) : startWorker(config, own));

#!/usr/bin/env node
// TypeScript is run as it stands, so there is no build that could be stale.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../src/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));

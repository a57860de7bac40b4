export { importCheckpoint } from './import-checkpoint.js';
export type { ImportedCheckpoint, ImportedFile, ImportOptions } from './import-checkpoint.js';

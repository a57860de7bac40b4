import type { Config } from './config/schema.js';

/** What the service takes from one client, and from all of them. */
export type Limits = Pick<
  Config,
  'maxBodyBytes' | 'maxPixels' | 'maxImages' | 'maxQueue' | 'maxBufferedBytes'
>;

import { freemem, totalmem } from 'node:os';
import type { Resources } from '#contract/resources.ts';

/** Main memory as it is this moment, all programs' use counted. */
export const systemRam = (): Resources['ram'] => ({
  totalBytes: totalmem(),
  usedBytes: totalmem() - freemem(),
});

import { z } from 'zod';
import { instantSchema } from './node-status.ts';
import { errorBodySchema } from './result.ts';

/** How the node host of the desktop app stands. */
export const hostStateSchema = z.discriminatedUnion('state', [
  /** `ledgerProgress` (0–1) while an old ledger is brought up to date. */
  z.object({ state: z.literal('starting'), ledgerProgress: z.number().nullable() }),
  z.object({ state: z.literal('running') }),
  /** It ended by itself and is started again. */
  z.object({ state: z.literal('restarting'), retryAt: instantSchema }),
  /** It ended for a reason that another start does not mend, or too often: it stays off until the operator tries again. */
  z.object({ state: z.literal('failed'), error: errorBodySchema }),
]);
export type HostState = z.infer<typeof hostStateSchema>;

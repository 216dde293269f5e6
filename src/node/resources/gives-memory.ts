import type { PauseCode } from '#contract/node-status.ts';
import type { Standing } from './standing.ts';

const codes: ReadonlySet<PauseCode> = new Set<PauseCode>(['exclusive-app', 'full-screen', 'others-gpu']);

/** Whether the memory goes to another program too, not only the time. */
export const givesMemory = ({ reasons }: Standing): boolean => reasons.some(({ code }) => codes.has(code));

import type { Entry } from '#contract/earnings.ts';

/** A training round is booked under its task's name and without tokens, which no request to a model is. */
export const isTrainingRound = (entry: Pick<Entry, 'promptTokens' | 'generatedTokens'>): boolean =>
  entry.promptTokens === 0 && entry.generatedTokens === 0;

import { readFileSync } from 'node:fs';
import type { MachineDay } from './machine-day.ts';

interface RecordedHour {
  name: string;
  lengthMs: number;
  gapsMs: number[];
  promptTokens: number[];
  generatedTokens: number[];
}

/** Tokens a second of one slot of a middling GPU. */
const promptTokensPerSecond = 600;
const generatedTokensPerSecond = 25;

/**
 * Requests as they came to a service (`recorded-days/README.md`), time stretched by `stretch`. Rounds, tasks and holds are those
 * of `beside`, as far as the recording goes.
 */
export function recordedDay(
  file: 'azure-conversation-hour' | 'azure-code-hour',
  stretch: number,
  beside: MachineDay,
): MachineDay {
  const text = readFileSync(new URL(`recorded-days/${file}.json`, import.meta.url), 'utf8');
  const recorded = JSON.parse(text) as RecordedHour;
  let atMs = 0;
  const requests = recorded.gapsMs.map((gapMs, index) => {
    atMs += gapMs * stretch;
    const promptMs = ((recorded.promptTokens[index] ?? 0) / promptTokensPerSecond) * 1000;
    return {
      atMs,
      workMs: promptMs + ((recorded.generatedTokens[index] ?? 0) / generatedTokensPerSecond) * 1000,
    };
  });
  const lengthMs = recorded.lengthMs * stretch;
  const rounds = beside.rounds.filter(({ deadlineMs }) => deadlineMs < lengthMs);
  return { ...beside, name: `${recorded.name} × ${stretch}`, lengthMs, requests, rounds };
}

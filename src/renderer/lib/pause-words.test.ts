import i18n from 'i18next';
import { expect, test } from 'vitest';
import { type PauseReason, pauseCodeSchema } from '#contract/node-status.ts';
import './i18n.ts';
import { pauseWords } from './pause-words.ts';

const { t } = i18n;
const now = new Date(2026, 0, 15, 12).getTime();
const soon = now + 30 * 60_000;

/** One of each kind, with what the policy says of it. */
const details: Record<PauseReason['code'], PauseReason['detail']> = {
  operator: {},
  'user-active': { minutes: 3 },
  schedule: {},
  'network-schedule': {},
  'on-battery': { percent: 60 },
  'exclusive-app': { program: 'blender' },
  'full-screen': { program: 'Doom' },
  temperature: { tempC: 88, device: 'GeForce', limitC: 85, coolC: 77 },
  'others-gpu': { percent: 70, limit: 60, program: 'blender', device: 'GeForce' },
  'others-cpu': { percent: 80, limit: 75 },
  'metered-network': {},
  'network-cap': { limit: 100 },
  'power-price': { costMicroUsd: 120_000, earnedMicroUsd: 40_000 },
  'lost-jobs': { count: 5, error: 'inference/crashed', minutes: 10 },
  'disk-low': { gigabytes: 3.2, limit: 5 },
  gateway: { reason: 'new disk' },
};
const reason = (code: PauseReason['code'], more: Partial<PauseReason> = {}): PauseReason => ({
  code,
  since: now,
  canOverride: true,
  detail: details[code],
  ...more,
});

test('each reason has a title, a sentence and an end, with every figure filled in', () => {
  for (const code of pauseCodeSchema.options)
    for (const more of [{}, { until: soon }])
      for (const text of Object.values(pauseWords(reason(code, more), t, now))) {
        expect(text).not.toMatch(/\{\{|undefined|pause\.|errors\./);
        expect(text.length).toBeGreaterThan(4);
      }
});

test('a sentence can stand alone and under “Paused because”: it is a whole one and does not say that again', () => {
  for (const code of pauseCodeSchema.options)
    for (const one of [reason(code), reason(code, { detail: { ...details[code], program: 'Blender' } })]) {
      const { sentence } = pauseWords(one, t, now);
      expect(sentence).toMatch(/^[“\p{Lu}\d].*\.$/u);
      expect(sentence).not.toMatch(/paused:|rests:|because/i);
    }
});

test('a person reads why, and when it goes on', () => {
  const both = (one: PauseReason) => {
    const { sentence, end } = pauseWords(one, t, now);
    return `${sentence} ${end}`;
  };
  expect(both(reason('user-active', { until: soon }))).toBe(
    'You are using the computer. Goes on 3 minutes after you stop.',
  );
  expect(both(reason('operator', { until: soon }))).toBe('You paused it. It goes on at 12:30.');
  expect(both(reason('lost-jobs', { until: soon }))).toMatch(
    /5 requests in a row failed.*: The engine.* Tries again/,
  );
  expect(both(reason('schedule', { until: now + 86_400_000 }))).toMatch(/Goes on 16 Jan 12:00\.$/);
  expect(both(reason('temperature', { detail: { limitC: 85, coolC: 77 } }))).toMatch(
    /too hot. Goes on at 77/,
  );
});

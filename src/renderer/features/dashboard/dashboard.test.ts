import i18n from 'i18next';
import { expect, test } from 'vitest';
import type { HybridStatus } from '#contract/hybrid.ts';
import type { Model } from '#contract/model.ts';
import { type PauseReason, pauseCodeSchema } from '#contract/node-status.ts';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import type { TrainingStatus } from '#contract/training.ts';
import '../../lib/i18n.ts';
import { sampleReasons } from '#testing/preview/sample-states.ts';
import { pauseMinutes } from './pause-minutes.ts';
import { onlyKind } from './possible-work.ts';
import { pausedUntil, reasonWords } from './reason-words.ts';

const { t } = i18n;
const now = new Date(2026, 0, 15, 12).getTime();
const reasons = sampleReasons(now);
const of = (code: PauseReason['code']) => reasons.find((one) => one.code === code) as PauseReason;

test('each reason has its line, with its figures filled in', () => {
  expect(new Set(reasons.map(({ code }) => code))).toEqual(new Set(pauseCodeSchema.options));
  for (const reason of reasons) {
    const words = reasonWords(reason, now, t);
    expect(Object.values(words).join(' ')).not.toMatch(/\{\{|undefined|pause\.|hybrid\./);
  }
});

test('a reason tells its figures, how long it still lasts and since when', () => {
  expect(reasonWords(of('others-cpu'), now, t)).toMatchObject({
    figures: expect.stringContaining('81 %'),
    left: null,
    begun: 'since 11:48',
  });
  const active = of('user-active');
  expect(reasonWords(active, now, t)).toMatchObject({ figures: null, left: '2 min left' });
  expect(reasonWords(active, now + 141_000, t).left).toBe('9 s left');
  // A program that is not known has a sentence without it, which says no more than the title.
  expect(reasonWords(of('full-screen'), now, t).figures).toBeNull();
});

test('a pause ends by itself with the last of its reasons, if each of them tells', () => {
  const timed = [of('schedule'), of('operator')];
  expect(pausedUntil({ state: 'paused', reasons: timed })).toBe(of('schedule').until);
  expect(pausedUntil({ state: 'paused', reasons: [...timed, of('on-battery')] })).toBeNull();
});

test('a pause is a minute to a week long', () => {
  expect(['30', '1.5', '0', '', 'long'].map((text) => pauseMinutes(text, 'minutes'))).toEqual([
    30,
    2,
    null,
    null,
    null,
  ]);
  expect(['1,5', '168', '169', '0.01'].map((text) => pauseMinutes(text, 'hours'))).toEqual([
    90,
    10_080,
    null,
    1,
  ]);
});

const only = (
  hybrid: Partial<HybridStatus>,
  settings: Partial<Settings> = {},
  more: { models?: Partial<Model>[]; tasks?: Partial<TrainingStatus['tasks'][number]>[] } = {},
) =>
  onlyKind({
    hybrid: { reason: 'only-kind', mode: 'inference', ...hybrid } as HybridStatus,
    settings: { ...defaultSettings, takePartInTraining: true, ...settings },
    models: more.models as Model[] | undefined,
    training: more.tasks && ({ tasks: more.tasks } as TrainingStatus),
  })?.code ?? null;

test('where one kind alone can be done it is said what to do; training that is off is switched on with the slider', () => {
  expect(only({}, { takePartInTraining: false })).toBeNull();
  expect(only({ reason: 'no-round' })).toBeNull();
  expect(only({ mode: 'none' })).toBeNull();
  expect(only({}, {}, { tasks: [] })).toBe('no-tasks');
  expect(only({}, {}, { tasks: [{ dataId: null }] })).toBe('no-data');
  expect(only({}, {}, { tasks: [{ dataId: 'own' }] })).toBe('only-serving');
  expect(only({ mode: 'training' }, { serveOwnModels: false })).toBe('serving-off');
  const model = { id: defaultSettings.servedModels[0] as string, problem: null };
  expect(only({ mode: 'training' }, {}, { models: [{ ...model, fits: false }] })).toBe('no-model');
  expect(only({ mode: 'training' }, {}, { models: [{ ...model, fits: true }] })).toBe('only-training');
});

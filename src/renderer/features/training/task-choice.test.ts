import { expect, test } from 'vitest';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import { isChosen, withTask } from './task-choice.ts';

const offered = ['spam', 'digits', 'news'];
const settings = (trainingTasks: string[]): Settings => ({ ...defaultSettings, trainingTasks });

test('without a list all tasks are on', () => {
  expect(offered.every((id) => isChosen(settings([]), id))).toBe(true);
  expect(isChosen(settings(['spam']), 'digits')).toBe(false);
});

test('switching one off names the others; switching it on again names none, so that new tasks are taken too', () => {
  expect(withTask(settings([]), offered, 'digits', false)).toEqual({ trainingTasks: ['spam', 'news'] });
  expect(withTask(settings(['spam', 'news']), offered, 'digits', true)).toEqual({ trainingTasks: [] });
});

test('the last task that is switched off ends taking part, as an empty list would mean all', () => {
  expect(withTask(settings(['spam']), offered, 'spam', false)).toEqual({ takePartInTraining: false });
});

test('a task that is not offered just now stays chosen', () => {
  expect(withTask(settings(['spam', 'gone']), offered, 'spam', false)).toEqual({ trainingTasks: ['gone'] });
  expect(withTask(settings(['gone']), offered, 'spam', true)).toEqual({ trainingTasks: ['spam', 'gone'] });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parameterCount } from '#contract/federated/parameters.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import { smallTask } from '#testing/scripted-rounds.ts';
import { openOwnControls } from './own-control.ts';

let folder: string;
const open = () => openOwnControls(join(folder, 'control'));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const length = parameterCount(smallTask.model);
const of = (value: number) => new Float32Array(length).fill(value);

test('begins with zeros and adds what each round changes, over restarts', () => {
  expect(open().read(smallTask)).toEqual(of(0));
  open().add(smallTask, 'round-1', of(0.5));
  open().add(smallTask, 'round-2', of(-0.125));
  expect(open().read(smallTask)).toEqual(of(0.375));
});

test('a round that is told twice counts once', () => {
  const controls = open();
  controls.add(smallTask, 'round-1', of(0.5));
  controls.add(smallTask, 'round-1', of(0.5));
  open().add(smallTask, 'round-1', of(0.5));
  expect(controls.read(smallTask)).toEqual(of(0.5));
});

test('tasks have one each', () => {
  const other: TrainingTask = { ...smallTask, taskId: 'other' };
  const controls = open();
  controls.add(smallTask, 'round-1', of(0.5));
  controls.add(other, 'round-2', of(2));
  expect(controls.read(smallTask)).toEqual(of(0.5));
  expect(controls.read(other)).toEqual(of(2));
});

test('begins anew when the model has changed, or its file is damaged', () => {
  const controls = open();
  controls.add(smallTask, 'round-1', of(0.5));
  const wider: TrainingTask = {
    ...smallTask,
    model: {
      ...smallTask.model,
      layers: [{ type: 'dense', units: 4, activation: 'linear' }, ...smallTask.model.layers],
    },
  };
  const fresh = new Float32Array(parameterCount(wider.model));
  expect(controls.read(wider)).toEqual(fresh);
  writeFileSync(join(folder, 'control/small.json'), '{"roundId":"round-1","values":"AAAA');
  expect(controls.read(smallTask)).toEqual(of(0));
  controls.add(smallTask, 'round-2', of(1));
  expect(open().read(smallTask)).toEqual(of(1));
});

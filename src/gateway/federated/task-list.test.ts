import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { taskEntry } from '#testing/federated-task.ts';
import { readTaskList } from './task-list.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tasks-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(content: unknown, name = 'tasks.json'): string {
  const file = join(dir, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}
const idsOf = (list: ReturnType<typeof readTaskList>) => list.tasks.map(({ config }) => config.task.taskId);

test('a bad entry is refused with its reason, the others are taken', () => {
  const { task } = taskEntry();
  const { model, data } = task;
  const list = readTaskList([
    write({
      tasks: [
        taskEntry({}, 'good'),
        taskEntry({ roundMinutes: -1 }, 'negative'),
        taskEntry({ surprise: true }, 'odd'),
        taskEntry({}, 'good'),
        taskEntry({ strategy: { type: 'krum' }, secureAggregation: 'where-possible' }, 'krum'),
        taskEntry({ participants: { min: 5, max: 2 } }, 'few'),
        taskEntry({ task: { ...task, model: { ...model, layers: [{ type: 'dense', units: 3 }] } } }),
        taskEntry({ task: { ...task, data: { ...data, labels: ['a', 'b', 'c'] } } }),
        taskEntry({ training: { augmentation: { kind: 'image', flip: true } } }, 'mirrored'),
        taskEntry(
          {
            training: {
              balance: 'classes',
              privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 },
            },
          },
          'private',
        ),
        7,
      ],
    }),
  ]);
  expect(idsOf(list)).toEqual(['good']);
  expect(list.refused).toEqual([
    { entry: 'negative', reason: expect.stringContaining('roundMinutes') },
    { entry: 'odd', reason: expect.stringContaining('surprise') },
    { entry: 'good', reason: 'a task of this id stands before it' },
    { entry: 'krum', reason: expect.stringContaining('krum looks at each update') },
    { entry: 'few', reason: expect.stringContaining('min is above max') },
    { entry: 'four', reason: expect.stringContaining('last layer gives 3') },
    { entry: 'four', reason: expect.stringContaining('2 classes apart, the data have 3 labels') },
    { entry: 'mirrored', reason: 'The task learns from tables; they cannot be shifted, flipped or cropped.' },
    { entry: 'private', reason: expect.stringContaining('a private task cannot balance classes') },
    { entry: 'entry 11', reason: expect.any(String) },
  ]);
});

test('the first list that is there is read, and only that', () => {
  const shipped = write({ tasks: [taskEntry({}, 'shipped')] }, 'shipped.json');
  expect(idsOf(readTaskList([join(dir, 'none.json'), shipped]))).toEqual(['shipped']);
  const own = write({ tasks: [taskEntry({}, 'own')] });
  expect(idsOf(readTaskList([own, shipped]))).toEqual(['own']);
  expect(readTaskList([join(dir, 'none.json')])).toEqual({ tasks: [], refused: [] });
});

test('the list that ships is right', () => {
  const shipped = fileURLToPath(new URL('../../../resources/federated/tasks.json', import.meta.url));
  const list = readTaskList([shipped]);
  expect(list.refused).toEqual([]);
  expect(idsOf(list)).toEqual(['digits', 'spam']);
});

test('a list that is no list is refused as a whole', () => {
  expect(readTaskList([write('{')]).refused).toHaveLength(1);
  expect(readTaskList([write([])]).refused[0]?.reason).toBe('it has no tasks');
});

test('FedProx without a μ of its own has the network’s', () => {
  const list = readTaskList([write({ tasks: [taskEntry({ strategy: { type: 'fedprox' } })] })]);
  expect(list.tasks[0]?.config.training.proximal).toBe(0.01);
});

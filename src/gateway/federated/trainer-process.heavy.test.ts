import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { trainingTaskSchema } from '#contract/federated/task.ts';
import type { Trainer } from './trainer.ts';
import { openTrainerProcess } from './trainer-process.ts';

const program = fileURLToPath(new URL('../../node/training/trainer/worker.ts', import.meta.url));
const task = trainingTaskSchema.parse({
  taskId: 'side',
  name: 'Left or right',
  model: {
    input: { kind: 'numbers', shape: [1] },
    layers: [{ type: 'dense', units: 2 }],
    output: { kind: 'classes', count: 2 },
  },
  data: { kind: 'table', columns: 1, scale: [{ offset: 0, factor: 1 }], labels: ['left', 'right'] },
});
/** Logits −x and x. */
const right = new Float32Array([-1, 1, 0, 0]);
const wrong = right.map((value) => -value);

const dir = mkdtempSync(join(tmpdir(), 'trainer-'));
const path = join(dir, 'held-out.csv');
writeFileSync(path, '-2,left\n-1,left\n1,right\n2,right\n');
const heldOut = { source: { kind: 'csv', path, header: false }, split: 'all' } as const;
const cacheDir = join(dir, 'cache');
let trainer: Trainer;
afterEach(() => trainer.close());
afterAll(() => rmSync(dir, { recursive: true }));

test('evaluates with the real trainer program, also after that was ended', async () => {
  trainer = openTrainerProcess(program, cacheDir);
  const loss = (margin: number) => Math.log(1 + Math.exp(-2 * margin));
  const mean = (margins: number[]) => margins.reduce((sum, one) => sum + loss(one), 0) / margins.length;
  const good = await trainer.evaluate(task, right, heldOut);
  expect(good).toMatchObject({ accuracy: 1, examples: 4 });
  expect(good.loss).toBeCloseTo(mean([2, 1, 1, 2]), 5);
  await trainer.close();
  const bad = await trainer.evaluate(task, wrong, heldOut);
  expect(bad).toMatchObject({ accuracy: 0 });
  expect(bad.loss).toBeCloseTo(mean([-2, -1, -1, -2]), 5);
});

test('weights of another model are refused with the trainer’s reason, and it lives on', async () => {
  trainer = openTrainerProcess(program, cacheDir);
  await expect(trainer.evaluate(task, new Float32Array(3), heldOut)).rejects.toMatchObject({
    code: 'training/bad-weights',
  });
  expect(await trainer.evaluate(task, right, heldOut)).toMatchObject({ accuracy: 1 });
});

test('a program that ends in the middle is told, and started again by the next call', async () => {
  const flag = join(dir, 'was-here');
  const flaky = join(dir, 'flaky.mjs');
  writeFileSync(
    flaky,
    `import { existsSync, writeFileSync } from 'node:fs';
     process.on('message', ({ id, type }) => {
       if (type === 'end') process.exit(0);
       if (!existsSync(${JSON.stringify(flag)})) { writeFileSync(${JSON.stringify(flag)}, ''); process.exit(7); }
       process.send({ type: 'evaluated', id, evaluation: { loss: 1, accuracy: 0.5, examples: 2 } });
     });`,
  );
  trainer = openTrainerProcess(flaky, cacheDir);
  await expect(trainer.evaluate(task, right, heldOut)).rejects.toMatchObject({
    code: 'training/worker-crashed',
    message: expect.stringContaining('code 7'),
  });
  expect(await trainer.evaluate(task, right, heldOut)).toMatchObject({ accuracy: 0.5 });
});

import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { epsilonOf } from './conversion.ts';
import { openPrivacyJournal, type PrivacyJournal } from './privacy-journal.ts';
import { openPrivacyLedger, type PrivacySpend } from './privacy-ledger.ts';
import { renyiOfSteps } from './renyi.ts';

const folder = mkdtempSync(join(tmpdir(), 'solanalm-privacy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function newFile(): string {
  files += 1;
  return join(folder, `privacy-${files}.jsonl`);
}
const open = (file: string) => openPrivacyLedger(openPrivacyJournal(file));
const spend = (round: number, wishes: Partial<PrivacySpend> = {}): PrivacySpend => ({
  task: 'digits',
  round: `round-${round}`,
  samplingRate: 0.04,
  noiseMultiplier: 1.5,
  steps: 25,
  ...wishes,
});
const memory = (): PrivacyJournal & { kept: string[] } => {
  const kept: string[] = [];
  return { kept, lines: () => [...kept], append: (line) => void kept.push(line) };
};

test('spends until the budget is reached, then refuses and books nothing', () => {
  const file = newFile();
  const ledger = open(file);
  let round = 0;
  while (ledger.preview(spend(round)).isWithinBudget) {
    expect(ledger.spend(spend(round)).epsilon).toBeLessThanOrEqual(8);
    round += 1;
  }
  const reference = (rounds: number) =>
    epsilonOf(renyiOfSteps({ samplingRate: 0.04, noiseMultiplier: 1.5 }, 25 * rounds), 1e-5).epsilon;
  expect(reference(round)).toBeLessThanOrEqual(8);
  expect(reference(round + 1)).toBeGreaterThan(8);
  const before = readFileSync(file, 'utf8');
  expect(() => ledger.spend(spend(round))).toThrow(
    expect.objectContaining({
      code: 'training/privacy-budget',
      data: expect.objectContaining({ budget: 8, delta: 1e-5 }),
    }),
  );
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(ledger.spent().epsilon).toBeCloseTo(reference(round), 9);
  // A cheaper round may still fit.
  expect(ledger.spend(spend(round, { steps: 1, noiseMultiplier: 20 })).epsilon).toBeLessThanOrEqual(8);
});

test('is the same after a restart, task by task', () => {
  const file = newFile();
  const ledger = open(file);
  ledger.spend(spend(1));
  ledger.spend(spend(2, { task: 'mails', samplingRate: 0.1, noiseMultiplier: 2 }));
  ledger.spend(spend(3));
  const spent = ledger.spent();
  expect(open(file).spent()).toEqual(spent);
  expect(spent.byTask.digits?.rounds).toBe(2);
  expect(spent.byTask.digits?.epsilon).toBeCloseTo(
    epsilonOf(renyiOfSteps({ samplingRate: 0.04, noiseMultiplier: 1.5 }, 50), 1e-5).epsilon,
    9,
  );
  const tasks = Object.values(spent.byTask).map(({ epsilon }) => epsilon);
  expect(spent.epsilon).toBeGreaterThan(Math.max(...tasks));
  expect(spent.epsilon).toBeLessThan(tasks.reduce((sum, one) => sum + one, 0));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('costs the same in whatever order and number of pieces it is spent', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 }), (pieces) => {
      const budget = () => ({ epsilon: 1000, delta: 1e-5 });
      const apart = openPrivacyLedger(memory(), budget);
      for (const [round, steps] of pieces.entries())
        apart.spend(spend(round, { steps, task: `task ${round % 2}` }));
      const whole = openPrivacyLedger(memory(), budget);
      whole.spend(spend(0, { steps: pieces.reduce((sum, steps) => sum + steps, 0) }));
      expect(apart.spent().epsilon).toBeCloseTo(whole.spent().epsilon, 9);
    }),
    { numRuns: 15 },
  );
});

test('a round is spent once, also when it is spent again after a restart', () => {
  const file = newFile();
  const { epsilon } = open(file).spend(spend(1));
  const again = open(file);
  expect(again.isBooked('round-1')).toBe(true);
  expect(again.spend(spend(1)).epsilon).toBe(epsilon);
  expect(again.spent().byTask.digits?.rounds).toBe(1);
});

test('a spend that cannot be written down is not spent, and the upload does not go out', () => {
  const journal = memory();
  const full = {
    ...journal,
    append() {
      throw new AppError('disk/full', 'full');
    },
  };
  const ledger = openPrivacyLedger(full);
  expect(() => ledger.spend(spend(1))).toThrow(expect.objectContaining({ code: 'disk/full' }));
  expect(ledger.spent()).toEqual({ epsilon: 0, byTask: {} });
});

test('is on the disk before spend returns', () => {
  const file = newFile();
  const ledger = open(file);
  ledger.spend(spend(1));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ v: 1, ...spend(1) });
});

test('a line cut off by a crash was never confirmed: it goes, and the next one is whole', () => {
  const file = newFile();
  const ledger = open(file);
  ledger.spend(spend(1));
  const { epsilon } = ledger.spent();
  ledger.spend(spend(2));
  truncateSync(file, statSync(file).size - 5);
  const again = open(file);
  expect(again.spent().epsilon).toBe(epsilon);
  again.spend(spend(3));
  const rounds = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).round);
  expect(rounds).toEqual(['round-1', 'round-3']);
});

test('a ledger that cannot be read stops training instead of starting at zero', () => {
  for (const odd of ['no json\n', '{"v":2}\n', '{}\n', '\n']) {
    const file = newFile();
    open(file).spend(spend(1));
    appendFileSync(file, odd);
    expect(() => open(file)).toThrow(
      expect.objectContaining({
        code: 'training/privacy-ledger',
        message: expect.stringContaining('Line 2'),
      }),
    );
  }
  const file = newFile();
  writeFileSync(file, '');
  expect(open(file).spent()).toEqual({ epsilon: 0, byTask: {} });
});

test('a spend that is none is refused and booked nowhere', () => {
  const journal = memory();
  const ledger = openPrivacyLedger(journal);
  for (const odd of [{ steps: 0 }, { steps: 1.5 }, { noiseMultiplier: 0 }, { samplingRate: 2 }, { task: '' }])
    expect(() => ledger.spend(spend(1, odd))).toThrow();
  expect(journal.kept).toEqual([]);
});

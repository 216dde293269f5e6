import type { StreamData } from '#contract/streams.ts';
import type { PastRound, TaskView, TrainingState, TrainingStatus } from '#contract/training.ts';
import type { DataItem } from '#contract/training-data.ts';

const minute = 60_000;

/** Each state of a round, as the preview's address names it: `?training=uploading`. */
export function sampleTrainingStates(now: number): Record<string, TrainingState> {
  const round = {
    roundId: 'r-4b2f90',
    taskId: 'spam',
    taskName: 'Spam filter',
    isSecure: true,
    participants: 5,
    since: now - 2 * minute,
    deadline: now + 7.4 * minute,
  };
  const training = {
    ...round,
    state: 'training' as const,
    epoch: 3,
    epochs: 5,
    progress: 0.46,
    loss: 0.312,
    examplesPerSecond: 1843.4,
    isPaused: false,
  };
  return {
    off: { state: 'off' },
    idle: { state: 'idle', waitingFor: ['spam', 'digits'] },
    selected: { ...round, state: 'selected' },
    downloading: { ...round, state: 'downloading', progress: 0.38 },
    training,
    moving: training,
    paused: { ...training, isPaused: true },
    uploading: { ...round, state: 'uploading', step: 'waiting', retryAt: null },
    retrying: { ...round, state: 'uploading', step: 'sending', retryAt: now + 0.4 * minute },
    rewarded: { ...round, state: 'rewarded' },
    failed: {
      state: 'failed',
      roundId: round.roundId,
      error: {
        code: 'training/round-failed',
        message: 'Only 2 of 5 nodes stayed until the end; this round needs 3.',
      },
      until: now + 3 * minute,
    },
  };
}

export const sampleTasks: TaskView[] = [
  {
    taskId: 'spam',
    name: 'Spam filter',
    parameters: 51_200,
    isPrivate: true,
    isSecure: true,
    strategy: 'fedavg',
    dataChanges: ['words-left-out'],
    rewardLamports: '2000000',
    modelVersion: 24,
    accuracy: 0.957,
    dataId: 'spam',
    examples: 4837,
    obstacle: null,
  },
  {
    taskId: 'digits',
    name: 'Handwritten digits',
    parameters: 109_386,
    isPrivate: false,
    isSecure: true,
    strategy: 'scaffold',
    dataChanges: ['balanced'],
    rewardLamports: '1500000',
    modelVersion: 9,
    accuracy: 0.912,
    dataId: 'digits',
    examples: 1438,
    obstacle: null,
  },
  {
    taskId: 'x-rays',
    name: 'Chest X-rays, twelve findings',
    parameters: 6_954_000,
    isPrivate: true,
    isSecure: false,
    strategy: 'trimmed-mean',
    dataChanges: ['shifted', 'flipped', 'cropped'],
    rewardLamports: '48000000',
    modelVersion: 112,
    accuracy: null,
    dataId: null,
    examples: 0,
    obstacle: { code: 'no-data', message: 'None of this computer’s data are images of 224 × 224.' },
  },
  {
    taskId: 'news',
    name: 'Next word of the news',
    parameters: 134_000_000,
    isPrivate: false,
    isSecure: false,
    strategy: 'fedadam',
    dataChanges: [],
    rewardLamports: '90000000',
    modelVersion: 3,
    accuracy: 0.211,
    dataId: null,
    examples: 0,
    obstacle: { code: 'too-large', message: 'It needs 5.2 GB of memory; training may use 2.0 GB.' },
  },
];

const shares = [0.31, 0.18, 0.27, 0.22];
const percents = [40, 20, 25, 15];
const partNames = ['data', 'compute', 'quality', 'reliability'] as const;

/** Thirty rounds of two tasks; the fourth was not counted, the seventh failed. */
export function sampleRounds(now: number): PastRound[] {
  return Array.from({ length: 30 }, (_, n) => {
    const isSpam = n % 3 !== 2;
    const task = isSpam ? sampleTasks[0] : sampleTasks[1];
    const version = (task?.modelVersion ?? 0) - Math.floor(isSpam ? (n * 2) / 3 : n / 3);
    const result = n === 3 ? 'uncounted' : n === 6 ? 'failed' : 'rewarded';
    const isRewarded = result === 'rewarded';
    const reward = Number(task?.rewardLamports ?? 0);
    const globalAccuracy = (isSpam ? 0.97 : 0.93) - 0.45 * Math.exp(-version / (isSpam ? 9 : 4));
    const parts = partNames.map((part, index) => {
      const isMeasured = !(isSpam && part === 'quality');
      const share = isMeasured ? (shares[index] ?? 0) : null;
      const amount = Math.floor(((reward * (percents[index] ?? 0)) / 100) * (share ?? 0));
      return { part, percent: percents[index] ?? 0, share, lamports: `${amount}` };
    });
    const priceLamports = isRewarded ? parts.reduce((sum, { lamports }) => sum + Number(lamports), 0) : 0;
    const endedAt = now - (n + 0.3) * 47 * minute;
    return {
      roundId: `r-${(0x9a31 - n * 77).toString(16)}`,
      taskId: task?.taskId ?? '',
      taskName: task?.name ?? '',
      startedAt: endedAt - 4.6 * minute,
      endedAt,
      isSecure: true,
      participants: 4 + (n % 3),
      result,
      error:
        result === 'failed'
          ? {
              code: 'training/deadline-passed' as const,
              message: 'The update was ready 14 s after the deadline.',
            }
          : null,
      examples: task?.examples ?? 0,
      localLoss: 0.9 * Math.exp(-version / 8) + 0.11 + 0.03 * Math.sin(n * 2.1),
      localAccuracy: globalAccuracy - 0.02 + 0.015 * Math.sin(n * 1.7),
      modelVersion: result === 'failed' ? null : version,
      globalLoss: result === 'failed' ? null : 0.9 * Math.exp(-version / 8) + 0.09,
      globalAccuracy: result === 'failed' ? null : globalAccuracy,
      epsilon: isSpam ? 0.21 : null,
      priceLamports: `${priceLamports}`,
      feeLamports: `${Math.floor(priceLamports * 0.05)}`,
      parts: isRewarded ? parts : [],
      leftOut:
        isRewarded && isSpam
          ? ['Quality was left out: with secure aggregation the gateway sees no single update.']
          : [],
    };
  });
}

/** Loss that falls with the noise of batches. */
export const sampleCurve = (points: number): StreamData<'training.curve'> =>
  Array.from({ length: points }, (_, n) => ({
    step: (n + 1) * 8,
    loss: 0.62 * Math.exp(-n / 45) + 0.22 + 0.035 * Math.sin(n * 2.7) * Math.cos(n * 0.9),
  }));

const source = (
  item: Pick<DataItem, 'id' | 'name' | 'source'>,
  sizeBytes: number,
  numbers: number,
  counts: Record<string, number>,
): DataItem => {
  const classes = Object.entries(counts).map(([label, count]) => ({ label, count }));
  const rows = classes.reduce((sum, { count }) => sum + count, 0);
  const shape = { kind: 'rows' as const, numbers, text: numbers === 0 };
  return { ...item, facts: { shape, rows, sizeBytes, classes, moreClasses: false } };
};

const digitCounts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];

export const sampleSources: DataItem[] = [
  source(
    { id: 'digits', name: 'Handwritten digits', source: { kind: 'built-in', name: 'digits' } },
    264_712,
    64,
    Object.fromEntries(digitCounts.entries()),
  ),
  source({ id: 'spam', name: 'Mails, spam or not', source: { kind: 'built-in', name: 'spam' } }, 0, 0, {
    ham: 4150,
    spam: 1896,
  }),
  source(
    {
      id: 'own-1',
      name: 'My mailbox 2025',
      source: { kind: 'csv', path: '/home/anna/Documents/archive/mail/exported/2025/mailbox-2025.csv.gz' },
    },
    8_310_000,
    0,
    { ham: 11_902, spam: 506 },
  ),
];

/** Past rounds, newest first. */
export const sampleHistory = (now: number, isFresh: boolean): PastRound[] =>
  isFresh ? [] : sampleRounds(now);

/** What the Training page shows in a state; `isFresh` before the first round. */
export function sampleTraining(now: number, name: string, isFresh: boolean): TrainingStatus {
  const rewarded = sampleHistory(now, isFresh).filter(({ result }) => result === 'rewarded');
  const net = rewarded.reduce((sum, one) => sum + Number(one.priceLamports) - Number(one.feeLamports), 0);
  return {
    state: sampleTrainingStates(now)[name] ?? { state: 'off' },
    engine: isFresh
      ? null
      : { name: 'wasm', device: 'AMD Ryzen 7 5800X, with SIMD', usesGpu: false, threads: 4 },
    gpuEngine: { state: 'available', detail: null },
    tasks: sampleTasks,
    privacy: {
      budgetEpsilon: 8,
      delta: 1e-5,
      spentEpsilon: isFresh ? 0 : 3.42,
      error: null,
      tasks: isFresh ? [] : [{ taskId: 'spam', name: 'Spam filter', epsilon: 3.42, rounds: 19 }],
    },
    earned: { rounds: rewarded.length, netLamports: `${net}` },
  };
}

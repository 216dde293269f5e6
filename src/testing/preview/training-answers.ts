import { AppError } from '#contract/errors.ts';
import type { Settings } from '#contract/settings.ts';
import type { TrainingStatus } from '#contract/training.ts';
import type { DataItem, DataPreview } from '#contract/training-data.ts';
import type { MemoryAnswers, MemoryTransport } from '../memory-transport.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface SampleNode {
  answers: MemoryAnswers;
  /** Takes part or not, and within which budget. */
  follow(settings: Settings): void;
}

/** Calls of the Training page, which change the sample. A path with `missing` in it is not there. */
export function sampleTrainingNode(
  first: TrainingStatus,
  sources: DataItem[],
  transport: () => MemoryTransport,
): SampleNode {
  let status = first;
  let items = sources;
  const put = (next: Partial<TrainingStatus>) => {
    status = { ...status, ...next };
    transport().publish('training.status', status);
    return null;
  };
  const putItems = (next: DataItem[]) => {
    items = next;
    transport().publish('training.data', items);
  };
  const hold = (isPaused: boolean) =>
    status.state.state === 'training' ? put({ state: { ...status.state, isPaused } }) : null;
  const answers: MemoryAnswers = {
    'training.pause': () => hold(true),
    'training.resume': () => hold(false),
    'training.giveUp': () => put({ state: { state: 'idle', waitingFor: ['spam', 'digits'] } }),
    'training.installEngine': async () => {
      put({ gpuEngine: { state: 'installing', detail: null } });
      await wait(4000);
      return put({ gpuEngine: { state: 'failed', detail: 'The registry did not answer within 60 s.' } });
    },
    'training.previewData': async ({ source, taskId }) => {
      await wait(300);
      if ('path' in source && source.path.includes('missing'))
        throw new AppError('training/data-not-found', `There is no file “${source.path}”.`);
      return samplePreview(taskId !== undefined);
    },
    'training.addData': ({ name, source }) => {
      const facts = samplePreview(false).facts;
      const item: DataItem = { id: `own-${items.length}`, name, source: source as DataItem['source'], facts };
      putItems([...items, item]);
      return item;
    },
    'training.removeData': ({ id }) => {
      putItems(items.filter((item) => item.id !== id));
      return null;
    },
    'shell.pickPath': ({ kind }) => (kind === 'file' ? '/home/anna/mails.csv' : '/home/anna/letters'),
  };
  return {
    answers,
    follow({ takePartInTraining, privacyBudgetEpsilon }) {
      const wasOn = status.state.state !== 'off';
      const privacy = { ...status.privacy, budgetEpsilon: privacyBudgetEpsilon };
      put({
        privacy,
        ...(takePartInTraining === wasOn
          ? {}
          : {
              state: takePartInTraining
                ? { state: 'idle', waitingFor: ['spam', 'digits'] }
                : { state: 'off' },
            }),
      });
    },
  };
}

const classes = [
  { label: 'ham', count: 873 },
  { label: 'spam', count: 124 },
];

const samplePreview = (isChecked: boolean): DataPreview => ({
  facts: {
    shape: { kind: 'rows', numbers: 2, text: true },
    rows: 1003,
    sizeBytes: 214_000,
    classes: [...classes, { label: 'Spam', count: 3 }],
    moreClasses: false,
  },
  columns: [
    { name: 'id', role: 'number', type: 'number', empty: 0, min: 1, max: 1003 },
    { name: 'subject', role: 'text', type: 'text', empty: 12, min: null, max: null },
    { name: 'length', role: 'number', type: 'mixed', empty: 0, min: 3, max: 18_204 },
    { name: 'class', role: 'label', type: 'text', empty: 0, min: null, max: null },
  ],
  columnRows: 1000,
  firstRows: [
    ['1', 'Re: Thursday’s meeting moves to the large room on the second floor', '412', 'ham'],
    ['2', 'You have won', '88', 'spam'],
    ['3', 'Invoice 2025-114', '1204', 'ham'],
  ],
  dialect: { delimiter: ',', header: true },
  problems: [
    {
      code: 'not-a-number',
      leavesOut: true,
      count: 3,
      examples: [
        { row: 18, column: 'length', value: 'n/a' },
        { row: 240, column: 'length', value: 'n/a' },
      ],
    },
  ],
  check: isChecked
    ? {
        rows: 1003,
        usable: 985,
        leftOut: 18,
        classes,
        problems: [
          {
            code: 'empty-text',
            leavesOut: true,
            count: 12,
            examples: [{ row: 77 }, { row: 91 }, { row: 310 }],
          },
          { code: 'unknown-label', leavesOut: true, count: 3, examples: [{ row: 12, value: 'Spam' }] },
        ],
      }
    : null,
});

import { expect, test } from 'vitest';
import { dataSourceSchema } from '#contract/training-data.ts';
import { draftFor, emptyDraft, nameFor, sourceKinds, sourceOf } from './source-draft.ts';

test('a draft of each kind becomes a source the node takes; without a path there is none', () => {
  for (const kind of sourceKinds) {
    const draft = { ...emptyDraft, kind, path: ' /data/x ', labelsPath: '/data/y' };
    const source = sourceOf(draft);
    expect(dataSourceSchema.parse(source), kind).toEqual(source);
    expect(sourceOf({ ...draft, path: '  ' })).toBeNull();
  }
});

test('of a CSV file only what was said goes along, the rest is found by the node', () => {
  expect(sourceOf({ ...emptyDraft, path: '/a.csv' })).toEqual({ kind: 'csv', path: '/a.csv' });
  const said = { ...emptyDraft, path: '/a.csv', header: 'no' as const, labelColumn: 3, leftOut: [1] };
  expect(sourceOf(said)).toEqual({ kind: 'csv', path: '/a.csv', header: false, label: 3, leftOut: [1] });
});

test('idx wants both files, JSON lines want names for their fields', () => {
  expect(sourceOf({ ...emptyDraft, kind: 'idx', path: '/images' })).toBeNull();
  expect(sourceOf({ ...emptyDraft, kind: 'json-lines', path: '/a.jsonl', labelField: ' ' })).toBeNull();
});

test('the kind is told by the name, and what was said of another file is forgotten', () => {
  const before = { ...emptyDraft, labelColumn: 4, kind: 'text-folder' as const };
  expect(draftFor('/d/mails.CSV.gz', false, before)).toEqual({ ...emptyDraft, path: '/d/mails.CSV.gz' });
  expect(draftFor('/d/mails.jsonl', false, before).kind).toBe('json-lines');
  expect(draftFor('/d/letters', true, before).kind).toBe('text-folder');
  expect(draftFor('/d/train-images-idx3-ubyte.gz', false, before)).toMatchObject({
    kind: 'idx',
    labelsPath: '/d/train-labels-idx1-ubyte.gz',
  });
});

test('a source is first named after its file or folder', () => {
  expect(nameFor('/home/anna/my mails.csv.gz')).toBe('my mails');
  expect(nameFor('C:\\data\\cats.v2\\')).toBe('cats');
  expect(nameFor('/data/.hidden')).toBe('.hidden');
});

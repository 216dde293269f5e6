import type { OwnSource } from '#contract/training-data.ts';

export type SourceKind = OwnSource['kind'];
export const sourceKinds: readonly SourceKind[] = ['csv', 'json-lines', 'text-folder', 'image-folder', 'idx'];
export const isFolder = (kind: SourceKind): boolean => kind === 'text-folder' || kind === 'image-folder';

type CsvSource = Extract<OwnSource, { kind: 'csv' }>;

/** What the form holds; only what belongs to the kind goes into the source. */
export interface SourceDraft {
  kind: SourceKind;
  path: string;
  /** The second file of the idx kind. */
  labelsPath: string;
  delimiter: CsvSource['delimiter'] | 'auto';
  header: 'auto' | 'yes' | 'no';
  /** Columns counted from 1; null: found by itself. */
  labelColumn: number | null;
  textColumn: number | null;
  leftOut: readonly number[];
  textField: string;
  featuresField: string;
  labelField: string;
}

export const emptyDraft: SourceDraft = {
  kind: 'csv',
  path: '',
  labelsPath: '',
  delimiter: 'auto',
  header: 'auto',
  labelColumn: null,
  textColumn: null,
  leftOut: [],
  textField: 'text',
  featuresField: 'features',
  labelField: 'label',
};

/** The source a draft stands for; null while a path or a name is missing. */
export function sourceOf(draft: SourceDraft): OwnSource | null {
  const path = draft.path.trim();
  if (path === '') return null;
  switch (draft.kind) {
    case 'csv':
      return {
        kind: 'csv',
        path,
        ...(draft.delimiter === 'auto' ? {} : { delimiter: draft.delimiter }),
        ...(draft.header === 'auto' ? {} : { header: draft.header === 'yes' }),
        ...(draft.labelColumn === null ? {} : { label: draft.labelColumn }),
        ...(draft.textColumn === null ? {} : { text: draft.textColumn }),
        ...(draft.leftOut.length === 0 ? {} : { leftOut: [...draft.leftOut] }),
      };
    case 'json-lines': {
      const [text, features, label] = [draft.textField, draft.featuresField, draft.labelField].map((name) =>
        name.trim(),
      );
      return text && features && label ? { kind: 'json-lines', path, text, features, label } : null;
    }
    case 'idx': {
      const labels = draft.labelsPath.trim();
      return labels === '' ? null : { kind: 'idx', images: path, labels };
    }
    default:
      return { kind: draft.kind, path };
  }
}

/** A draft for what was picked: the kind by the file's name, or the kind that was chosen where the name tells nothing. */
export function draftFor(path: string, isFolderPath: boolean, before: SourceDraft): SourceDraft {
  const kept = { ...emptyDraft, path };
  if (isFolderPath) return { ...kept, kind: isFolder(before.kind) ? before.kind : 'image-folder' };
  const name = path.toLowerCase().replace(/\.gz$/, '');
  if (/\.(jsonl|ndjson)$/.test(name)) return { ...kept, kind: 'json-lines' };
  if (/(idx\d|-ubyte)$/.test(name)) return { ...kept, kind: 'idx', labelsPath: labelsBeside(path) };
  return { ...kept, kind: 'csv' };
}

/** MNIST names its two files alike: train-images-idx3-ubyte, train-labels-idx1-ubyte. */
const labelsBeside = (path: string) =>
  path.includes('images') ? path.replace(/images([-.])idx3/, 'labels$1idx1') : '';

/** A first name for a source: its file's or folder's name without endings. */
export function nameFor(path: string): string {
  const last = path.split(/[/\\]/).findLast((part) => part !== '') ?? '';
  return (
    last
      .replace(/\.gz$/i, '')
      .replace(/\.[a-z0-9]{1,6}$/i, '')
      .slice(0, 200) || last.slice(0, 200)
  );
}

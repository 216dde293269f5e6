import { z } from 'zod';

const path = z.string().min(1).max(4096);
const words = z.string().min(1).max(200);

/** A column by its name, or counted from 1. */
const columnSchema = z.union([words, z.int().min(1).max(65_600)]);
export type Column = z.infer<typeof columnSchema>;

export const delimiters = [',', ';', '\t', '|'] as const;
export const builtInNames = ['digits', 'spam'] as const;

/** Where a task's local data lie, and how they are read. A path that ends in .gz is unpacked first. Nothing of it leaves this computer. */
export const dataSourceSchema = z.discriminatedUnion('kind', [
  /** RFC 4180, UTF-8. What is absent is found: the delimiter, the header; the label is the last column, the text the first other one. */
  z.strictObject({
    kind: z.literal('csv'),
    path,
    delimiter: z.enum(delimiters).optional(),
    header: z.boolean().optional(),
    label: columnSchema.optional(),
    text: columnSchema.optional(),
    /** Columns that are not learnt from, such as a running number. */
    leftOut: z.array(columnSchema).max(1000).optional(),
  }),
  /** An object a line: `{text, label}` or `{features: number[], label}`, under these names or others. */
  z.strictObject({
    kind: z.literal('json-lines'),
    path,
    text: words.default('text'),
    features: words.default('features'),
    label: words.default('label'),
  }),
  /** Text files: in a subfolder for each class, or anywhere below where the text itself is learnt. */
  z.strictObject({ kind: z.literal('text-folder'), path }),
  /** PNG and JPEG files, in a subfolder for each class. */
  z.strictObject({ kind: z.literal('image-folder'), path }),
  /** MNIST's format: a file of images and a file of labels, bytes. */
  z.strictObject({ kind: z.literal('idx'), images: path, labels: path }),
  z.strictObject({ kind: z.literal('built-in'), name: z.enum(builtInNames) }),
]);
export type DataSource = z.infer<typeof dataSourceSchema>;
export type OwnSource = Exclude<DataSource, { kind: 'built-in' }>;

/** Whether what has the problem is left out (true) or used all the same. */
export const problemLeavesOut = {
  'bad-quotes': true,
  columns: true,
  'empty-text': true,
  encoding: true,
  'field-too-large': true,
  'link-loop': true,
  malformed: true,
  'missing-value': true,
  'no-label': true,
  'not-a-number': true,
  'not-finite': true,
  'not-an-image': true,
  'unknown-label': true,
  unreadable: true,
  /** Numbers beyond ±1000 after scaling (or outside of 0–255 of an image) are taken as that bound. */
  clipped: false,
  'class-missing': false,
  'one-class': false,
  'too-few': false,
} as const;
export type ProblemCode = keyof typeof problemLeavesOut;
const problemCodes = Object.keys(problemLeavesOut) as [ProblemCode, ...ProblemCode[]];

export const dataProblemSchema = z.object({
  code: z.enum(problemCodes),
  leavesOut: z.boolean(),
  /** Rows (or files, or values of `clipped`) that have it. */
  count: z.int(),
  /** The first of them. `row` counts from 1 as a spreadsheet does, with the header. */
  examples: z.array(
    z.object({
      row: z.int().optional(),
      file: z.string().optional(),
      column: z.string().optional(),
      value: z.string().optional(),
    }),
  ),
});
export type DataProblem = z.infer<typeof dataProblemSchema>;

const classCountsSchema = z.array(z.object({ label: z.string(), count: z.int() }));

/** What of a source a task can use. */
export const dataReportSchema = z.object({
  rows: z.int(),
  usable: z.int(),
  leftOut: z.int(),
  /** Usable examples of each class of the task, in its order; empty where the text itself is learnt. */
  classes: classCountsSchema,
  problems: z.array(dataProblemSchema),
});
export type DataReport = z.infer<typeof dataReportSchema>;

/** What kind of examples a source holds. */
export const dataShapeSchema = z.discriminatedUnion('kind', [
  /** Rows with this many columns of numbers besides the label; 0 where some are no numbers. */
  z.object({ kind: z.literal('rows'), numbers: z.int(), text: z.boolean() }),
  z.object({ kind: z.literal('texts'), classes: z.boolean() }),
  z.object({ kind: z.literal('images') }),
  z.object({ kind: z.literal('pixels'), width: z.int(), height: z.int(), channels: z.int() }),
]);
export type DataShape = z.infer<typeof dataShapeSchema>;

export const dataFactsSchema = z.object({
  shape: dataShapeSchema,
  rows: z.int(),
  sizeBytes: z.int(),
  /** As the labels stand in the source, the most frequent first, 1000 at most; `moreClasses` where there are others. */
  classes: classCountsSchema,
  moreClasses: z.boolean(),
});
export type DataFacts = z.infer<typeof dataFactsSchema>;

export const dataPreviewSchema = z.object({
  facts: dataFactsSchema,
  columns: z.array(
    z.object({
      name: z.string(),
      role: z.enum(['label', 'text', 'number', 'left-out']),
      /** `mixed`: some numbers, some not. */
      type: z.enum(['number', 'text', 'mixed', 'empty']),
      empty: z.int(),
      /** Of its numbers. */
      min: z.number().nullable(),
      max: z.number().nullable(),
    }),
  ),
  /** Types and ranges are those of the first so many rows. */
  columnRows: z.int(),
  /** The first rows as they stand there, long values cut; of folders the first file of each class: name, class, text or size. */
  firstRows: z.array(z.array(z.string())),
  /** What was found, or said, of a CSV file. */
  dialect: z.object({ delimiter: z.enum(delimiters), header: z.boolean() }).nullable(),
  problems: z.array(dataProblemSchema),
  /** What the task that was asked for can use of it. */
  check: dataReportSchema.nullable(),
});
export type DataPreview = z.infer<typeof dataPreviewSchema>;

/** Whether a task can use data of these facts; if not, why. */
export const fitSchema = z.union([
  z.object({ fits: z.literal(true) }),
  z.object({ fits: z.literal(false), reason: z.literal('columns'), has: z.int(), wants: z.int() }),
  z.object({ fits: z.literal(false), reason: z.enum(['kind', 'no-classes', 'not-numbers']) }),
]);
export type Fit = z.infer<typeof fitSchema>;

/** A source of the profile's list. */
export const dataItemSchema = z.object({
  id: z.string(),
  name: words,
  source: dataSourceSchema,
  facts: dataFactsSchema,
});
export type DataItem = z.infer<typeof dataItemSchema>;

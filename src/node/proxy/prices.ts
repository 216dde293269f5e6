import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import {
  type ModelPrice,
  modelPriceSchema,
  type ProviderKind,
  providerKindSchema,
} from '#contract/provider.ts';

const tableSchema = z.strictObject({
  version: z.literal(1),
  /** When the prices were looked up. */
  date: z.iso.date(),
  sources: z.partialRecord(providerKindSchema, z.url()),
  prices: z.partialRecord(providerKindSchema, z.record(z.string(), modelPriceSchema)),
});
export type PriceTable = z.infer<typeof tableSchema>;

/** Reads the shipped table. Throws `proxy/prices-unreadable` with what is wrong in it. */
export function readPrices(file: string): PriceTable {
  try {
    return tableSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    throw new AppError(
      'proxy/prices-unreadable',
      issue
        ? `The price table: ${issue.path.join('.')}: ${issue.message}`
        : 'The price table cannot be read.',
      { cause },
    );
  }
}

/** A model's name without the date or `-latest` at its end. */
export const undated = (model: string) => model.replace(/-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, '');

/** What a model costs: as the operator set it, for it or for all of its provider, else as the table says; null: nothing is known. */
export function findPrice(
  table: PriceTable,
  overrides: Record<string, ModelPrice>,
  { provider, kind, model }: { provider: string; kind: ProviderKind; model: string },
): ModelPrice | null {
  const shipped = table.prices[kind] ?? {};
  const own = (record: Record<string, ModelPrice>, name: string) =>
    Object.hasOwn(record, name) ? record[name] : undefined;
  return (
    own(overrides, `${provider}/${model}`) ??
    own(overrides, `${provider}/*`) ??
    own(shipped, model) ??
    own(shipped, undated(model)) ??
    null
  );
}

import type { z } from 'zod';
import { limitSetSchema, type mannersShape } from '#contract/manners.ts';
import { settingsSchema } from '#contract/settings.ts';

export type LimitName = keyof typeof limitSetSchema.shape;
type Shape = typeof mannersShape;
/** Settings of manners that are a number, or none. */
export type NumberName = {
  [K in keyof Shape]: z.output<Shape[K]> extends number | null ? K : never;
}[keyof Shape];
export type SwitchName = {
  [K in keyof Shape]: z.output<Shape[K]> extends boolean ? K : never;
}[keyof Shape];

export interface Bounds {
  min: number;
  max: number;
  /** An empty field means that there is no limit. */
  isOptional: boolean;
}

/** What the contract allows, so that a form says the same. */
export const boundsOf = (name: NumberName): Bounds => boundsIn(settingsSchema.shape[name]);
export const limitBounds = (name: LimitName): Bounds => boundsIn(limitSetSchema.shape[name]);

function boundsIn(schema: z.ZodNumber | z.ZodNullable<z.ZodNumber>): Bounds {
  const isOptional = schema.type === 'nullable';
  const number = schema.type === 'nullable' ? schema.unwrap() : schema;
  return { min: number.minValue ?? -Infinity, max: number.maxValue ?? Infinity, isOptional };
}

/** The whole number that a text stands for within bounds; undefined when it is none of that. */
export function numberOf(text: string, { min, max, isOptional }: Bounds): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return isOptional ? null : undefined;
  if (!/^-?\d+$/.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return value >= min && value <= max ? value : undefined;
}

import { z } from 'zod';
import { contradiction, defaultSettings, type Settings, settingsSchema } from '#contract/settings.ts';

const documentSchema = z.record(z.string(), z.unknown());
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What of a stored document can be used, each setting by itself: one that is unknown, out of its bounds or at odds with another is its
 * default, and named. What an older version did not have yet is its default too. Throws for what is no document of settings at all.
 */
export function soundSettings(document: unknown): { settings: Settings; leftOut: string[] } {
  const stored = upToDate(documentSchema.parse(document));
  const leftOut = Object.keys(stored).filter((name) => !Object.hasOwn(settingsSchema.shape, name));
  const known: Record<string, unknown> = { ...defaultSettings };
  for (const [name, schema] of Object.entries(settingsSchema.shape)) {
    if (!Object.hasOwn(stored, name)) continue;
    const [value, usual] = [stored[name], known[name]];
    const read = schema.safeParse(isPlain(value) && isPlain(usual) ? { ...usual, ...value } : value);
    if (read.success) known[name] = read.data;
    else leftOut.push(name);
  }
  let settings = settingsSchema.parse(known);
  for (let fault = contradiction(settings); fault; fault = contradiction(settings)) {
    settings = { ...settings, [fault.field]: defaultSettings[fault.field] };
    leftOut.push(fault.field);
  }
  return { settings, leftOut };
}

/** One model was served before there were several, and the limit without payment was a gateway's before a payer had its own. */
function upToDate({ servedModel, ...rest }: Record<string, unknown>): Record<string, unknown> {
  const { unsettledLimitLamports: before, ...others } = rest;
  const isOneLimit = before !== undefined && rest.gatewayLimitLamports === undefined;
  const stored = isOneLimit ? { ...others, gatewayLimitLamports: before } : rest;
  return servedModel === undefined ? stored : { servedModels: [servedModel], ...stored };
}

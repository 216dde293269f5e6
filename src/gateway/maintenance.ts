import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What the operator of the gateway writes into `maintenance.json` in its data folder; deleting the file ends it. */
const fileSchema = z.object({
  /** Unix ms, or an instant as ISO 8601 has it, with an offset. */
  until: z.union([
    z.number(),
    z.iso.datetime({ offset: true }).transform((text) => new Date(text).getTime()),
  ]),
  reason: z.string().max(200).default('maintenance'),
});
export type Maintenance = z.infer<typeof fileSchema>;

let complained = '';

/** Until when nodes are asked to rest; null while they are not. Looked at with each report of a node. */
export function readMaintenance(dataDir: string, nowMs: number): Maintenance | null {
  const file = join(dataDir, 'maintenance.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  try {
    const asked = fileSchema.parse(JSON.parse(text));
    return asked.until > nowMs ? asked : null;
  } catch (thrown) {
    if (complained !== text)
      console.error(`${file} is not read: ${thrown instanceof Error ? thrown.message : thrown}`);
    complained = text;
    return null;
  }
}

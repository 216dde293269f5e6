import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { besideOthers } from '#testing/beside-others.ts';

export const root = new URL('../..', import.meta.url).pathname;
export function freshProfile(): string {
  const profile = mkdtempSync(join(tmpdir(), 'solanalm-e2e-'));
  writeFileSync(join(profile, 'settings.json'), JSON.stringify(besideOthers));
  return profile;
}
export const screenshot = (name: string) => join(root, 'resources/screenshots', `${name}.png`);

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = new URL('../..', import.meta.url).pathname;
export const freshProfile = () => mkdtempSync(join(tmpdir(), 'solanalm-e2e-'));
export const screenshot = (name: string) => join(root, 'resources/screenshots', `${name}.png`);

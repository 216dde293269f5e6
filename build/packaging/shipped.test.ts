import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
/** For people who read the sources. */
const notShipped = ['screenshots'];

test('everything that the app reads as data ships with it', () => {
  const packaging = readFileSync(join(root, 'build/packaging/electron-builder.yml'), 'utf8');
  const names = readdirSync(join(root, 'resources')).filter((name) => !notShipped.includes(name));
  expect(names.filter((name) => !packaging.includes(`{ from: resources/${name}, to: ${name} }`))).toEqual([]);
});

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

test('all that is built is staged into the app, the wallet’s page too', () => {
  const staging = readFileSync(join(root, 'build/packaging/stage.ts'), 'utf8');
  const staged = /for \(const part of \[(.+?)\]\)/.exec(staging)?.[1] ?? '';
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const part of ['main', 'preload', 'renderer', 'wallet-page', 'node'])
    expect(staged).toContain(`'${part}'`);
  expect(scripts.build).toContain('build/wallet-page.vite.config.ts');
});

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SettingsPatch } from '#contract/settings.ts';
import { besideOthers } from '#testing/beside-others.ts';
import { freshProfile, root } from './places.ts';

export interface HeadlessNode {
  url: string;
  profile: string;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** The built host with its pages, as `npm start` runs it without a display. Resolves when it has printed its address. */
export async function startHeadlessNode(settings: SettingsPatch = {}): Promise<HeadlessNode> {
  const profile = freshProfile();
  writeFileSync(join(profile, 'settings.json'), JSON.stringify({ ...besideOthers, ...settings }));
  const child = spawn(
    process.execPath,
    [join(root, 'out/node/host.js'), 'serve', '--ui', '--ui-port', '0', '--profile', profile],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    child.stdout?.on('data', (data) => {
      printed += String(data);
      const found = /Open (http:\S+)/.exec(printed)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the host ended with ${code}`)));
  });
  return {
    url,
    profile,
    child,
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
    },
  };
}

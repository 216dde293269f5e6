import { readFileSync } from 'node:fs';
import type { GraphicsCard, Machine } from '#node/resources/machine.ts';

const fixtures = new URL('../node/resources/fixtures/', import.meta.url);

/** What a tool printed once; the file's name says which one, of which version, and what it shows. */
export const recorded = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8');

/** A tool that never answers, one that is not there, or what it prints. */
export type ToolAnswer = string | 'hangs' | 'absent' | Error;

/** A computer of which only what is given is there. Files and answers may be changed between readings. */
export function createRecordedMachine(given: {
  platform?: NodeJS.Platform;
  env?: Record<string, string>;
  cores?: number;
  ramBytes?: number;
  files?: Record<string, string>;
  links?: Record<string, string>;
  terminals?: Record<string, { at: number; user: number }>;
  /** By the beginning of the command line; the longest that fits counts. */
  tools?: Record<string, ToolAnswer>;
  cards?: GraphicsCard[];
}) {
  const files = { ...given.files };
  const tools: Record<string, ToolAnswer> = { ...given.tools };
  const asked: string[] = [];
  const followers: { line: string; say(text: string): void; end(isAbsent?: boolean): void }[] = [];
  const killed: string[] = [];
  const answer = (line: string): ToolAnswer => {
    asked.push(line);
    const key = Object.keys(tools)
      .filter((start) => line.startsWith(start))
      .sort((one, other) => other.length - one.length)[0];
    return key === undefined ? 'absent' : (tools[key] ?? 'absent');
  };
  const machine: Machine = {
    platform: given.platform ?? 'linux',
    env: given.env ?? {},
    cores: given.cores ?? 8,
    ramBytes: given.ramBytes ?? 32 * 2 ** 30,
    text: (path) => files[path] ?? null,
    device: async (path) => files[path] ?? null,
    link: (path) => given.links?.[path] ?? null,
    names(dir) {
      const below = Object.keys(files).filter((path) => path.startsWith(`${dir}/`));
      return [...new Set(below.map((path) => path.slice(dir.length + 1).split('/')[0] ?? ''))];
    },
    terminal: (path) => given.terminals?.[path] ?? null,
    async run(tool, args) {
      const said = answer([tool, ...args].join(' '));
      if (said === 'hangs') throw new Error('took too long');
      if (said === 'absent') throw Object.assign(new Error('not there'), { code: 'ENOENT' });
      if (said instanceof Error) throw said;
      return said;
    },
    follow(tool, args, { onLine, onEnd }) {
      const line = [tool, ...args].join(' ');
      const said = answer(line);
      const say = (text: string) => {
        for (const one of text.replace(/\n$/, '').split('\n')) onLine(one);
      };
      const follower = { line, say, end: (isAbsent = false) => onEnd(isAbsent) };
      followers.push(follower);
      queueMicrotask(() => {
        if (said === 'absent') onEnd(true);
        else if (said instanceof Error) onEnd(false);
        else if (said !== 'hangs') say(said);
      });
      return () => killed.push(line);
    },
    graphics: async () => given.cards ?? [],
  };
  return { machine, files, tools, asked, followers, killed };
}

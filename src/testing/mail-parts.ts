import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resourcesDir } from '#node/entries.ts';
import { builtInSource, makeMails } from '#node/training/data/built-in.ts';

/** Real mails, a part to each node and a fifth held back, by a hash of each mail's text, so that copies stay together. */
export function mailParts(
  dir: string,
  nodes: number,
): { nodes: string[]; heldOut: string; learnt: number; held: number } {
  const source = builtInSource('spam', { cacheDir: dir, resourcesDir: resourcesDir() });
  if (source.kind !== 'json-lines') throw new Error('the mails are not in one file');
  makeMails(dir, source.path);
  const parts: string[][] = Array.from({ length: nodes + 1 }, () => []);
  for (const line of readFileSync(source.path, 'utf8').split('\n')) {
    if (line === '') continue;
    const hash = createHash('sha256')
      .update((JSON.parse(line) as { text: string }).text)
      .digest();
    const part = hash.readUInt32LE(0) % 5 === 0 ? nodes : hash.readUInt32LE(4) % nodes;
    parts[part]?.push(line);
  }
  const files = parts.map((lines, index) => {
    const file = join(dir, `mails-${index}.jsonl`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  });
  const held = parts[nodes]?.length ?? 0;
  const learnt = parts.reduce((sum, { length }) => sum + length, -held);
  return { nodes: files.slice(0, nodes), heldOut: files[nodes] ?? '', learnt, held };
}

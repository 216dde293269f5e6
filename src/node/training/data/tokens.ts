import type { DataFormat } from '#contract/federated/task.ts';

export type TextFormat = Extract<DataFormat, { kind: 'text' }>;

/** A word, with its marks and apostrophes, or one sign. */
const word = /[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}\p{N}_]/gu;

/**
 * A text's token ids, 1 to vocabulary − 1, at most `most`: UTF-8 bytes + 1, or words (NFKC, lower case; a sign is a word of its own) hashed
 * with FNV-1a into the vocabulary.
 */
export function tokenIds(text: string, format: TextFormat, most: number): Uint16Array {
  if (format.tokens === 'bytes') {
    const bytes = Buffer.from(text.slice(0, most), 'utf8').subarray(0, most);
    return Uint16Array.from(bytes, (byte) => byte + 1);
  }
  const ids: number[] = [];
  for (const [found] of text.normalize('NFKC').toLowerCase().matchAll(word)) {
    if (ids.length === most) break;
    ids.push(1 + (fnv1a(found) % (format.vocabulary - 1)));
  }
  return Uint16Array.from(ids);
}

/** 32 bits over UTF-16 units (Fowler, Noll, Vo), then mixed so that the low bits depend on all. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

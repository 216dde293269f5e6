import { createReadStream } from 'node:fs';

const pieceLength = 1 << 20;

/**
 * A file's text in pieces of a megabyte or two, each to the end of a line where it has one, so that a long text never lies whole in memory.
 * Rejects where it is not UTF-8, or holds a NUL, from there on.
 */
export async function* textPieces(path: string, signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of createReadStream(path, { highWaterMark: pieceLength, signal })) {
    if ((chunk as Buffer).includes(0)) throw new TypeError('There is a NUL in it.');
    text += decoder.decode(chunk as Buffer, { stream: true });
    if (text.length < pieceLength) continue;
    const end = text.lastIndexOf('\n') + 1 || text.length;
    yield text.slice(0, end);
    text = text.slice(end);
  }
  text += decoder.decode();
  if (text !== '') yield text;
}

/** Which problem of its file ended the pieces; null: it is none of the file. */
export function whyNoText(thrown: unknown): 'encoding' | 'unreadable' | null {
  if (thrown instanceof TypeError) return 'encoding';
  const { syscall } = thrown as NodeJS.ErrnoException;
  return syscall === 'open' || syscall === 'read' ? 'unreadable' : null;
}

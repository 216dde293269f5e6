import type { ErrorBody, Result } from '#contract/result.ts';
import { client } from '../../lib/client.ts';

interface Saving {
  /** Null when the operator chose no place. */
  error: ErrorBody | null;
}

const today = () => new Date().toISOString().slice(0, 10);

/**
 * Saves all entries as CSV, part by part: into a file that the system's dialog names, or as a download in a browser. `onProgress` is told
 * the last entry that was written.
 */
export async function exportEntries(onProgress: (lastId: number) => void): Promise<Saving> {
  const parts = entryParts(onProgress);
  return save(`solanalm-earnings-${today()}.csv`, parts);
}

/** Saves a text that is here already. */
export const exportText = (fileName: string, text: string): Promise<Saving> =>
  save(
    fileName,
    (async function* () {
      yield { ok: true, data: text } as const;
    })(),
  );

async function* entryParts(onProgress: (lastId: number) => void): AsyncGenerator<Result<string>> {
  for (let afterId: number | null = 0; afterId !== null; ) {
    const answer: Result<{ csv: string; nextAfterId: number | null }> = await client.request(
      'earnings.csvPart',
      { afterId },
    );
    if (!answer.ok) return yield answer;
    yield { ok: true, data: answer.data.csv };
    afterId = answer.data.nextAfterId;
    if (afterId !== null) onProgress(afterId);
  }
}

async function save(fileName: string, parts: AsyncGenerator<Result<string>>): Promise<Saving> {
  const created = await client.request('shell.createFile', { fileName });
  if (created.ok) return created.data === null ? { error: null } : write(created.data.id, parts);
  // Without a desktop shell there is no such call.
  if (created.error.code !== 'request/not-found') return { error: created.error };
  return download(fileName, parts);
}

async function write(id: number, parts: AsyncGenerator<Result<string>>): Promise<Saving> {
  let error: ErrorBody | null = null;
  for await (const part of parts) {
    const written = part.ok ? await client.request('shell.appendFile', { id, text: part.data }) : part;
    if (written.ok) continue;
    error = written.error;
    break;
  }
  const closed = await client.request('shell.closeFile', { id, keep: error === null });
  return { error: error ?? (closed.ok ? null : closed.error) };
}

/** The browser keeps the parts of a blob on disk where they are large. */
async function download(fileName: string, parts: AsyncGenerator<Result<string>>): Promise<Saving> {
  const blobs: Blob[] = [];
  for await (const part of parts) {
    if (!part.ok) return { error: part.error };
    blobs.push(new Blob([part.data]));
  }
  const url = URL.createObjectURL(new Blob(blobs, { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
  return { error: null };
}

import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';

/** Saves all entries as CSV: with the system's dialog on the desktop, as a download in a browser. */
export async function exportCsv(): Promise<ErrorBody | null> {
  const answer = await client.request('earnings.csv', {});
  if (!answer.ok) return answer.error;
  const { fileName, csv } = answer.data;
  const saved = await client.request('shell.saveFile', { fileName, text: csv });
  if (saved.ok) return null;
  // Without a desktop shell there is no such call.
  if (saved.error.code !== 'request/not-found') return saved.error;
  const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
  return null;
}

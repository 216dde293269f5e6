import { create } from 'zustand';
import type { CallInput, CallName, CallOutput } from '#contract/calls.ts';
import type { ErrorBody, Result } from '#contract/result.ts';
import { client } from './client.ts';

export interface Notice {
  id: number;
  error: ErrorBody;
}

const mostNotices = 3;

/** What went wrong and was not shown where it happened, newest last. */
export const useNotices = create<{ notices: Notice[] }>(() => ({ notices: [] }));

export function dismissNotice(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}

let lastId = 0;

/** Makes a call for a press of a button; a refusal is shown as a notice. */
export async function act<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>> {
  const result = await client.request(name, input);
  if (!result.ok) {
    lastId += 1;
    const notice = { id: lastId, error: result.error };
    useNotices.setState(({ notices }) => ({ notices: [...notices, notice].slice(-mostNotices) }));
  }
  return result;
}

import type { EntryFilter, EntryState, EntryType } from '#contract/earnings.ts';

/** What stands in the filter's fields; empty: all. Days as `YYYY-MM-DD`, both included. */
export interface FilterDraft {
  state: EntryState | '';
  type: EntryType | '';
  model: string;
  gatewayUrl: string;
  firstDay: string;
  lastDay: string;
  requestId: string;
}

export const emptyDraft: FilterDraft = {
  state: '',
  type: '',
  model: '',
  gatewayUrl: '',
  firstDay: '',
  lastDay: '',
  requestId: '',
};

const shortestId = 3;

/** Fewer letters of an id than can be looked for. */
export const isIdTooShort = (draft: FilterDraft): boolean => {
  const { length } = draft.requestId.trim();
  return length > 0 && length < shortestId;
};

/** The filter that the fields stand for, days by this computer's clock. */
export function filterOf(draft: FilterDraft): EntryFilter {
  const requestId = draft.requestId.trim();
  const from = midnight(draft.firstDay, 0);
  const until = midnight(draft.lastDay, 1);
  return {
    ...(draft.state && { state: draft.state }),
    ...(draft.type && { type: draft.type }),
    ...(draft.model && { model: draft.model }),
    ...(draft.gatewayUrl && { gatewayUrl: draft.gatewayUrl }),
    ...(from !== null && { from }),
    ...(until !== null && { until }),
    ...(requestId.length >= shortestId && { requestId }),
  };
}

/** Local midnight at which a day begins, `plusDays` later; null for what is no day. */
function midnight(day: string, plusDays: number): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!match) return null;
  const at = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]) + plusDays).getTime();
  return Number.isFinite(at) && at >= 0 ? at : null;
}

import { useEffect, useState } from 'react';
import type { Result } from '#contract/result.ts';
import type { DataPreview, OwnSource } from '#contract/training-data.ts';
import { client } from '../../lib/client.ts';

const typingMs = 350;

export interface PreviewState {
  /** Of the source asked for last; an older one stays until the new one is here, so that nothing jumps. */
  answer: Result<DataPreview> | null;
  isReading: boolean;
}

/** Has a source read whenever it or the task changes, once the typing has ceased. */
export function usePreview(source: OwnSource | null, taskId: string | null): PreviewState {
  const [answer, setAnswer] = useState<Result<DataPreview> | null>(null);
  const [isReading, setReading] = useState(false);
  const wanted = JSON.stringify(source);
  useEffect(() => {
    const asked = JSON.parse(wanted) as OwnSource | null;
    if (asked === null) {
      setAnswer(null);
      setReading(false);
      return;
    }
    let isWanted = true;
    setReading(true);
    const timer = setTimeout(async () => {
      const input = taskId === null ? { source: asked } : { source: asked, taskId };
      const result = await client.request('training.previewData', input);
      if (!isWanted) return;
      setAnswer(result);
      setReading(false);
    }, typingMs);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [wanted, taskId]);
  return { answer, isReading };
}

import { useEffect, useMemo, useState } from 'react';
import type { SharePreview } from '#contract/hybrid.ts';
import { client } from '../../lib/client.ts';
import { latestAnswer } from '../../lib/latest-answer.ts';

const askEveryMs = 150;
const renewMs = 20_000;

/** What the slider's position would mean; while it moves the last answer stays, so that nothing jumps. */
export function useSharePreview(sharePercent: number, takesPart: boolean): SharePreview | null {
  const [preview, setPreview] = useState<SharePreview | null>(null);
  const asking = useMemo(
    () =>
      latestAnswer(
        askEveryMs,
        (trainingSharePercent: number) => client.request('hybrid.preview', { trainingSharePercent }),
        (answer) => setPreview(answer.ok ? answer.data : null),
      ),
    [],
  );
  useEffect(() => () => asking.end(), [asking]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: taking part changes the answer, not the question.
  useEffect(() => {
    asking.want(sharePercent);
    const timer = setInterval(() => asking.want(sharePercent), renewMs);
    return () => clearInterval(timer);
  }, [asking, sharePercent, takesPart]);
  return preview;
}

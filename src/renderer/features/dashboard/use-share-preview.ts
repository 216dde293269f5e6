import { useEffect, useRef, useState } from 'react';
import type { SharePreview } from '#contract/hybrid.ts';
import { client } from '../../lib/client.ts';
import { latestAnswer } from '../../lib/latest-answer.ts';

const askEveryMs = 150;
const renewMs = 20_000;

/** What the slider's position would mean; while it moves the last answer stays, so that nothing jumps. */
export function useSharePreview(sharePercent: number, takesPart: boolean): SharePreview | null {
  const [preview, setPreview] = useState<SharePreview | null>(null);
  const asking = useRef<ReturnType<typeof asked> | null>(null);
  useEffect(() => {
    const mine = asked(setPreview);
    asking.current = mine;
    return () => mine.end();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: taking part changes the answer, not the question.
  useEffect(() => {
    asking.current?.want(sharePercent);
    const timer = setInterval(() => asking.current?.want(sharePercent), renewMs);
    return () => clearInterval(timer);
  }, [sharePercent, takesPart]);
  return preview;
}

const asked = (show: (preview: SharePreview | null) => void) =>
  latestAnswer(
    askEveryMs,
    (trainingSharePercent: number) => client.request('hybrid.preview', { trainingSharePercent }),
    (answer) => show(answer.ok ? answer.data : null),
  );

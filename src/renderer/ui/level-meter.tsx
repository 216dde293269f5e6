interface LevelMeterProps {
  label: string;
  /** What is read beside the label. */
  text: string;
  /** How much of the limit is used, 1 for all of it; null: there is no limit, and no bar. */
  share: number | null;
}

const colorOf = (share: number) => (share >= 1 ? 'bg-bad' : share >= 0.8 ? 'bg-warn' : 'bg-info');

/** How far something has come to its limit; amber from 80 %, red when it is reached. The text says it too, so the bar is left unread. */
export function LevelMeter({ label, text, share }: LevelMeterProps) {
  return (
    <div className="min-w-0 text-xs">
      <p className="flex flex-wrap justify-between gap-x-3">
        <span className="text-dim">{label}</span>
        <span>{text}</span>
      </p>
      {share !== null && (
        <div aria-hidden className="mt-1.5 h-1.5 overflow-hidden rounded-full bg-line">
          <span
            className={`block h-full rounded-full ${colorOf(share)}`}
            style={{ width: `${Math.min(1, share) * 100}%` }}
          />
        </div>
      )}
    </div>
  );
}

const colors = {
  accent: 'bg-accent',
  'accent-faint': 'bg-accent/55',
  info: 'bg-info',
  earn: 'bg-earn',
  'info-faint': 'bg-info/45',
  dim: 'bg-dim',
  none: 'bg-line',
} as const;

export interface MeterPart {
  key: string;
  label: string;
  /** What is said beside the label. */
  text?: string;
  sizeBytes: number;
  color: keyof typeof colors;
}

interface MemoryMeterProps {
  label: string;
  totalBytes: number;
  parts: readonly MeterPart[];
  /** A line across the bar, such as what must stay free. */
  mark?: { label: string; atBytes: number };
}

/** A bar of memory by owner, with its legend. */
export function MemoryMeter({ label, totalBytes, parts, mark }: MemoryMeterProps) {
  const share = (bytes: number) => `${Math.max(0, Math.min(100, (bytes / totalBytes) * 100))}%`;
  return (
    <div>
      <div role="img" aria-label={label} className="relative">
        <div className="flex h-2.5 overflow-hidden rounded-md bg-line">
          {parts.map(({ key, sizeBytes, color }) => (
            <span key={key} className={`shrink-0 ${colors[color]}`} style={{ width: share(sizeBytes) }} />
          ))}
        </div>
        {mark && (
          <span
            aria-hidden
            className="absolute -inset-y-1 border-s-2 border-dashed border-warn"
            style={{ insetInlineStart: share(mark.atBytes) }}
          />
        )}
      </div>
      <ul className="mt-2 flex flex-wrap gap-x-3 gap-y-1 text-xs text-dim">
        {parts.map(({ key, label: name, text, color }) => (
          <li key={key} className="inline-flex items-center gap-1.5">
            <span aria-hidden className={`size-2 rounded-xs ${colors[color]}`} />
            {name} {text && <span className="text-text">{text}</span>}
          </li>
        ))}
        {mark && (
          <li className="inline-flex items-center gap-1.5">
            <span aria-hidden className="h-3 border-s-2 border-dashed border-warn" />
            {mark.label}
          </li>
        )}
      </ul>
    </div>
  );
}

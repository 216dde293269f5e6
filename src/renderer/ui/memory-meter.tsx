const colors = { accent: 'bg-accent', info: 'bg-info', dim: 'bg-dim' } as const;

export interface MeterPart {
  label: string;
  sizeBytes: number;
  color: keyof typeof colors;
}

/** A bar of memory by owner, with its legend. */
export function MemoryMeter({ totalBytes, parts }: { totalBytes: number; parts: readonly MeterPart[] }) {
  return (
    <>
      <div className="mt-2.5 mb-2 flex h-2.5 overflow-hidden rounded-md bg-line">
        {parts.map(({ label, sizeBytes, color }) => (
          <span
            key={label}
            className={colors[color]}
            style={{ width: `${Math.min(100, (sizeBytes / totalBytes) * 100)}%` }}
          />
        ))}
      </div>
      <ul className="flex flex-wrap gap-x-3 gap-y-0.5 text-xs text-dim">
        {parts.map(({ label, color }) => (
          <li key={label} className="flex items-center gap-1.5">
            <span aria-hidden className={`size-2 rounded-xs ${colors[color]}`} />
            {label}
          </li>
        ))}
      </ul>
    </>
  );
}

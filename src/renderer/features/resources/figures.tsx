interface FiguresProps {
  figures: readonly { label: string; value: string; note?: string | null }[];
}

/** A few figures of the moment side by side, each with its limit. */
export function Figures({ figures }: FiguresProps) {
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(5.5rem,1fr))] gap-x-4 gap-y-2 text-sm">
      {figures.map(({ label, value, note }) => (
        <div key={label}>
          <dt className="text-xs text-dim">{label}</dt>
          <dd className="whitespace-nowrap">
            <span className="font-medium">{value}</span>{' '}
            {note && <span className="text-xs text-dim">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A figure with its unit; a dash where it is not known. */
export const figure = (value: number | null | undefined, unit: string): string =>
  value == null ? '–' : `${Math.round(value)} ${unit}`;
export const percent = (share: number | null | undefined): string =>
  figure(share == null ? null : share * 100, '%');

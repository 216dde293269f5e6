import { CopyButton } from './copy-button.tsx';

export interface Fact {
  label: string;
  value: string;
  /** What is copied when it is not what is shown; true copies what is shown. */
  copy?: boolean | string;
}

/** Names and values one below the other, with a button beside those worth copying. */
export function Facts({ facts, copyLabel }: { facts: readonly Fact[]; copyLabel: string }) {
  return (
    <dl className="grid grid-cols-[minmax(0,9rem)_minmax(0,1fr)] gap-x-4 gap-y-2 text-sm">
      {facts.map(({ label, value, copy }) => (
        <div key={label} className="col-span-2 grid grid-cols-subgrid items-start">
          <dt className="text-dim">{label}</dt>
          <dd className="flex min-w-0 items-start gap-1.5 break-all">
            <span className="min-w-0">{value}</span>
            {copy && <CopyButton label={`${copyLabel}: ${label}`} text={copy === true ? value : copy} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

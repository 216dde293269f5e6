import { type InputHTMLAttributes, useId } from 'react';

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
  problem?: string | null;
  /** Something to mind about a value that is right. */
  warning?: string | null;
  unit?: string;
  /** The label is read out but not shown, and there is no line kept for a hint: in rows under a common heading. */
  hideLabel?: boolean;
  /** A small label, and no line for a hint. */
  isCompact?: boolean;
}

export function Field({
  label,
  hint,
  problem,
  warning,
  unit,
  hideLabel = false,
  isCompact = false,
  ...rest
}: FieldProps) {
  const id = useId();
  const hasNote = !(hideLabel || isCompact) || Boolean(problem ?? warning ?? (isCompact ? undefined : hint));
  return (
    <div className="grid min-w-0 content-start gap-1">
      <label
        htmlFor={id}
        className={hideLabel ? 'sr-only' : isCompact ? 'text-xs text-dim' : 'text-sm font-medium'}
      >
        {label}
      </label>
      <span className="flex items-center gap-2">
        <input
          id={id}
          aria-invalid={problem ? true : undefined}
          aria-describedby={hasNote ? `${id}-hint` : undefined}
          {...rest}
          className="w-full min-w-0 rounded-lg border border-line bg-ground px-3 py-1.5 text-sm focus-visible:outline-2 focus-visible:outline-accent aria-invalid:border-bad"
        />
        {unit && <span className="whitespace-nowrap text-xs text-dim">{unit}</span>}
      </span>
      {hasNote && (
        <p
          id={`${id}-hint`}
          className={`min-h-4 text-xs ${problem ? 'text-bad' : warning ? 'text-warn' : 'text-dim'}`}
        >
          {problem ?? warning ?? hint}
        </p>
      )}
    </div>
  );
}

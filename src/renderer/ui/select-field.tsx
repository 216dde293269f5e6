import { type SelectHTMLAttributes, useId } from 'react';

interface SelectFieldProps<V extends string>
  extends Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange'> {
  label: string;
  /** The label is read out but not shown: in rows under a common heading. */
  hideLabel?: boolean;
  /** A small label, and no line for a hint. */
  isCompact?: boolean;
  hint?: string;
  value: V;
  options: readonly { value: NoInfer<V>; title: string }[];
  onChoose(value: NoInfer<V>): void;
}

/** One of a few named values, with its label above. */
export function SelectField<V extends string>(props: SelectFieldProps<V>) {
  const {
    label,
    hideLabel = false,
    isCompact = false,
    hint,
    options,
    onChoose,
    className = '',
    ...rest
  } = props;
  const id = useId();
  return (
    <div className={`grid content-start gap-1 ${className}`}>
      <label
        htmlFor={id}
        className={hideLabel ? 'sr-only' : isCompact ? 'text-xs text-dim' : 'text-sm font-medium'}
      >
        {label}
      </label>
      <select
        id={id}
        aria-describedby={hideLabel || isCompact ? undefined : `${id}-hint`}
        {...rest}
        onChange={(event) => onChoose(event.target.value as V)}
        className="w-full min-w-0 rounded-lg border border-line bg-ground px-2 py-1.5 text-sm focus-visible:outline-2 focus-visible:outline-accent disabled:opacity-60"
      >
        {options.map(({ value, title }) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
      {!hideLabel && !isCompact && (
        <p id={`${id}-hint`} className="min-h-4 text-xs text-dim">
          {hint}
        </p>
      )}
    </div>
  );
}

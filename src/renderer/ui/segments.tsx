interface SegmentsProps<V extends string> {
  label: string;
  value: V;
  options: readonly { value: NoInfer<V>; title: string }[];
  onChange(value: NoInfer<V>): void;
}

/** A few choices side by side, of which one holds. */
export function Segments<V extends string>({ label, value, options, onChange }: SegmentsProps<V>) {
  return (
    <fieldset aria-label={label} className="flex rounded-lg border border-line p-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className="cursor-pointer rounded-md px-2.5 py-1 text-xs text-dim hover:text-text focus-visible:outline-2 focus-visible:outline-accent aria-pressed:bg-panel-2 aria-pressed:font-medium aria-pressed:text-text"
        >
          {option.title}
        </button>
      ))}
    </fieldset>
  );
}

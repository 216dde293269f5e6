interface OptionCardProps {
  group: string;
  title: string;
  text: string;
  checked: boolean;
  onChoose(): void;
}

/** One of several choices, with a sentence on each. */
export function OptionCard({ group, title, text, checked, onChoose }: OptionCardProps) {
  return (
    <label className="flex cursor-pointer gap-3 rounded-lg border border-line p-3 has-checked:border-accent has-focus-visible:outline-2 has-focus-visible:outline-accent">
      <input type="radio" className="accent-accent" name={group} checked={checked} onChange={onChoose} />
      <span>
        <span className="block font-medium">{title}</span>
        <span className="text-dim">{text}</span>
      </span>
    </label>
  );
}

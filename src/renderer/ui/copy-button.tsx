import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';

/** Copies a text, and says so for a moment. */
export function CopyButton({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  const Icon = copied ? Check : Copy;
  return (
    <button
      type="button"
      aria-label={label}
      onClick={copy}
      className="cursor-pointer rounded p-1 text-dim hover:bg-panel-2 hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
    >
      <Icon size={13} aria-hidden />
    </button>
  );
}

import { Check } from 'lucide-react';

interface StepsProps {
  label: string;
  /** Read out after the title of a step that is over. */
  doneLabel: string;
  steps: readonly { key: string; title: string }[];
  /** Index of the present step; null: none is under way. */
  present: number | null;
  /** 0–1 of the present step; null where nobody knows, and its part of the line breathes. */
  progress: number | null;
}

/** What is over, what goes on and what is ahead, as one line in parts. */
export function Steps({ label, doneLabel, steps, present, progress }: StepsProps) {
  return (
    <ol aria-label={label} className="grid auto-cols-fr grid-flow-col gap-1.5">
      {steps.map(({ key, title }, index) => {
        const isDone = present !== null && index < present;
        const isPresent = index === present;
        return (
          <li key={key} aria-current={isPresent ? 'step' : undefined} className="min-w-0">
            <span aria-hidden className="block h-1.5 overflow-hidden rounded-full bg-line">
              {(isDone || isPresent) && (
                <span
                  className={`block h-full rounded-full ${isDone ? 'bg-accent' : 'bg-info'} ${isPresent && progress === null ? 'animate-pulse motion-reduce:animate-none' : 'transition-[width] duration-200 motion-reduce:transition-none'}`}
                  style={{ width: `${isPresent && progress !== null ? progress * 100 : 100}%` }}
                />
              )}
            </span>
            <span
              className={`mt-1.5 flex items-center gap-1 text-xs ${isPresent ? 'font-medium text-text' : 'text-dim'}`}
            >
              <span className="truncate">{title}</span>
              {isDone && <Check size={12} aria-hidden className="shrink-0 text-link max-[900px]:hidden" />}
              {isDone && <span className="sr-only">{doneLabel}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

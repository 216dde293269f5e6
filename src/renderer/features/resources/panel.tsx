import type { ReactNode } from 'react';

interface PanelProps {
  title: string;
  figure?: string;
  children: ReactNode;
}

/** One resource: its name, the figure of the moment, and the rest below. */
export function Panel({ title, figure, children }: PanelProps) {
  return (
    <section className="flex min-w-0 flex-col gap-3 rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <header className="flex items-baseline gap-3">
        <h2 className="min-w-0 flex-1 truncate text-xs font-medium text-dim" title={title}>
          {title}
        </h2>
        {figure && <span className="text-sm font-semibold">{figure}</span>}
      </header>
      {children}
    </section>
  );
}

import { type ReactNode, useEffect, useRef } from 'react';

/** One step of several in a dialog: it takes the focus when it comes, so that keyboard and reader go on from there. */
export function Step({ children }: { children: ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => ref.current?.focus(), []);
  return (
    <div ref={ref} tabIndex={-1} className="grid gap-3 outline-none">
      {children}
    </div>
  );
}

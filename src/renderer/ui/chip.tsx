import type { ReactNode } from 'react';

export function Chip({ look = 'plain', children }: { look?: 'plain' | 'warn'; children: ReactNode }) {
  const colors = look === 'warn' ? 'border-warn/45 text-warn' : 'border-line text-dim';
  return (
    <span className={`whitespace-nowrap rounded-full border px-2.5 py-0.5 text-xs ${colors}`}>
      {children}
    </span>
  );
}

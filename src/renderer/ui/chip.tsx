import type { ReactNode } from 'react';

const looks = {
  plain: 'border-line text-dim',
  good: 'border-earn/45 text-earn',
  warn: 'border-warn/45 text-warn',
  bad: 'border-bad/45 text-bad',
} as const;
export type ChipLook = keyof typeof looks;

export function Chip({ look = 'plain', children }: { look?: ChipLook; children: ReactNode }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap rounded-full border px-2.5 py-0.5 text-xs ${looks[look]}`}
    >
      {children}
    </span>
  );
}

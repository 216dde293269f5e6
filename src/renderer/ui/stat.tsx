import type { ReactNode } from 'react';
import { Card } from './card.tsx';

/** One figure with its unit; a dash until it is known. */
export function Stat(props: { title: string; value: string | null; note: string; children?: ReactNode }) {
  const { title, value, note, children } = props;
  return (
    <Card title={title}>
      <strong className="text-[21px] font-semibold">{value ?? '–'}</strong>{' '}
      <small className="text-[12.5px] text-dim">{note}</small>
      {children}
    </Card>
  );
}

import type { ReactNode } from 'react';

export function Card({
  title,
  className = '',
  children,
}: {
  title?: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    <section className={`min-w-0 rounded-[10px] border border-line bg-panel px-[18px] py-4 ${className}`}>
      {title && <h2 className="mb-2.5 text-[12.5px] font-medium text-dim">{title}</h2>}
      {children}
    </section>
  );
}

import { createContext, type ReactNode, useContext } from 'react';

/** What stands in the header of each page, beside its own actions. */
export const PageMarks = createContext<ReactNode>(null);

export function Page({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const marks = useContext(PageMarks);
  return (
    <main id="page" tabIndex={-1} className="h-screen overflow-auto px-[22px] py-[18px] outline-none">
      <header className="mb-4 flex min-h-9 items-center gap-2.5">
        <h1 className="me-auto text-[19px] font-semibold">{title}</h1>
        {marks}
        {actions}
      </header>
      {children}
    </main>
  );
}

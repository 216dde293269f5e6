const lines = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Holds the place of a table that is on its way, so that nothing jumps. */
export function TableSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-4 py-3">
      {lines.map((line) => (
        <div key={line} className="h-5 animate-pulse rounded bg-panel-2 motion-reduce:animate-none" />
      ))}
    </div>
  );
}

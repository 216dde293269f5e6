export function EmptyState({ title }: { title: string }) {
  return <p className="py-10 text-center text-sm text-dim">{title}</p>;
}

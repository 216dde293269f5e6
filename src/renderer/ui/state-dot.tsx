export type StateColor = 'earn' | 'info' | 'warn' | 'bad' | 'dim';

const dots: Record<StateColor, string> = {
  earn: 'bg-earn ring-earn/20',
  info: 'bg-info ring-info/20',
  warn: 'bg-warn ring-warn/20',
  bad: 'bg-bad ring-bad/20',
  dim: 'bg-dim ring-dim/20',
};

/** Colour of a state, beside the word that says it. */
export function StateDot({ color }: { color: StateColor }) {
  return <span aria-hidden className={`size-2.5 shrink-0 rounded-full ring-[5px] ${dots[color]}`} />;
}

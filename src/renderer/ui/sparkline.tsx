/** The shape of a series without axes; the figures stand beside it. Nothing is drawn for fewer than two points. */
export function Sparkline({
  values,
  className,
  heightPx = 48,
}: {
  values: readonly number[];
  className: string;
  /** `100%` fills what holds it. */
  heightPx?: number | '100%';
}) {
  const highest = Math.max(...values, Number.MIN_VALUE);
  const points = values.map(
    (value, index) => `${(index / (values.length - 1)) * 100},${(1 - value / highest) * 94 + 3}`,
  );
  return (
    <svg
      aria-hidden
      viewBox="0 0 100 100"
      preserveAspectRatio="none"
      className={`w-full ${className}`}
      style={{ height: heightPx }}
    >
      {values.length > 1 && (
        <>
          <polygon points={`0,100 ${points.join(' ')} 100,100`} fill="currentColor" opacity="0.15" />
          <polyline
            points={points.join(' ')}
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            vectorEffect="non-scaling-stroke"
          />
        </>
      )}
    </svg>
  );
}

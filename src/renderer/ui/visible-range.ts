export interface VisibleRange {
  /** First row to draw. */
  first: number;
  /** One past the last row to draw. */
  end: number;
}

/** Rows to draw for a scroll position, with `spare` more on both sides so that a fast scroll shows no gap. */
export function visibleRange(
  scrollTopPx: number,
  viewportPx: number,
  rowHeightPx: number,
  count: number,
  spare = 6,
): VisibleRange {
  const top = Math.max(0, Math.min(scrollTopPx, count * rowHeightPx - viewportPx));
  const first = Math.max(0, Math.floor(top / rowHeightPx) - spare);
  const end = Math.min(count, Math.ceil((top + viewportPx) / rowHeightPx) + spare);
  return { first, end };
}

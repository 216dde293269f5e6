/** Browsers draw no box much higher than this: rows beyond are reached by moving them under the scrollbar. */
export const mostHeightPx = 8_000_000;

export interface ScrollSize {
  /** Height of all rows, of the box that stands for them, and of the part in view. */
  totalPx: number;
  heightPx: number;
  viewportPx: number;
}

/** Where the box is scrolled to, and how much further down the rows are than that. */
export interface ScrollPlace {
  scrollTop: number;
  offsetPx: number;
}

const room = ({ totalPx, heightPx, viewportPx }: ScrollSize) => ({
  rows: Math.max(0, totalPx - viewportPx),
  box: Math.max(0, heightPx - viewportPx),
});

/** The place for rows scrolled by `topPx`: as far down the box as they are down the rows. */
export function placeOf(topPx: number, size: ScrollSize): ScrollPlace {
  const { rows, box } = room(size);
  const top = Math.max(0, Math.min(rows, topPx));
  const scrollTop = rows === 0 ? 0 : (top / rows) * box;
  return { scrollTop, offsetPx: top - scrollTop };
}

/**
 * The box was scrolled: a turn of the wheel, however fast, moves the rows by just that; a pull of the scrollbar, which goes half of its
 * pixels at least, moves them in proportion. At its ends are the first and the last row.
 */
export function scrolled(before: ScrollPlace, scrollTop: number, size: ScrollSize): ScrollPlace {
  const { rows, box } = room(size);
  if (size.totalPx <= size.heightPx || scrollTop <= 0) return { scrollTop, offsetPx: 0 };
  if (scrollTop >= box) return { scrollTop, offsetPx: rows - scrollTop };
  const halfPixelPx = size.heightPx / Math.max(1, size.viewportPx) / 2;
  if (Math.abs(scrollTop - before.scrollTop) < Math.max(size.viewportPx, halfPixelPx))
    return { scrollTop, offsetPx: before.offsetPx };
  return { scrollTop, offsetPx: (scrollTop / box) * rows - scrollTop };
}

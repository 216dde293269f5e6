import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { mostHeightPx, placeOf, type ScrollSize, scrolled } from './scaled-scroll.ts';

const settleMs = 150;

interface VirtualScroll {
  /** Of the first row in view, on the scale of all rows. */
  topPx: number;
  /** How much further down rows are than the box is scrolled. */
  offsetPx: number;
  viewportPx: number;
  /** Height of the box that holds the rows. */
  heightPx: number;
  /** Scrolls so far that a row is in view. */
  reveal(index: number): void;
}

/**
 * Where a scrolling element stands in rows that may be higher than a browser can draw. With `anchored` rows that come above leave those
 * in view where they are.
 */
export function useVirtualScroll(options: {
  scroller: RefObject<HTMLElement | null>;
  body: RefObject<HTMLElement | null>;
  count: number;
  rowHeightPx: number;
  anchored: boolean;
}): VirtualScroll {
  const { scroller, body, count, rowHeightPx, anchored } = options;
  const totalPx = count * rowHeightPx;
  const heightPx = Math.min(totalPx, mostHeightPx);
  const place = useRef({ scrollTop: 0, offsetPx: 0 });
  const [view, setView] = useState({ topPx: 0, offsetPx: 0, viewportPx: 600 });
  const latest = useRef({ totalPx, heightPx });
  latest.current = { totalPx, heightPx };

  const sizeNow = useCallback((): ScrollSize => {
    const headingPx = body.current?.offsetTop ?? 0;
    return { ...latest.current, viewportPx: Math.max(0, (scroller.current?.clientHeight ?? 0) - headingPx) };
  }, [scroller, body]);

  const show = useCallback(() => {
    const { scrollTop, offsetPx } = place.current;
    const viewportPx = scroller.current?.clientHeight ?? 0;
    // Whole rows only: scrolling inside one row draws nothing anew.
    const topPx = Math.floor((scrollTop + offsetPx) / rowHeightPx) * rowHeightPx;
    setView((old) =>
      old.topPx === topPx && old.offsetPx === offsetPx && old.viewportPx === viewportPx
        ? old
        : { topPx, offsetPx, viewportPx },
    );
  }, [scroller, rowHeightPx]);

  const moveTo = useCallback(
    (topPx: number) => {
      const element = scroller.current;
      if (!element) return;
      const wanted = placeOf(topPx, sizeNow());
      element.scrollTop = wanted.scrollTop;
      const { scrollTop } = element;
      const isScaled = latest.current.totalPx > latest.current.heightPx;
      place.current = {
        scrollTop,
        offsetPx: isScaled ? wanted.scrollTop + wanted.offsetPx - scrollTop : 0,
      };
      show();
    },
    [scroller, sizeNow, show],
  );

  // Not a layout effect: the parent's ref is set after its children's layout effects.
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let settling: ReturnType<typeof setTimeout> | undefined;
    const settle = () => {
      // Scrolled since: its event is still to come, and would be lost.
      if (element.scrollTop !== place.current.scrollTop) return;
      moveTo(place.current.scrollTop + place.current.offsetPx);
    };
    const read = () => {
      place.current = scrolled(place.current, element.scrollTop, sizeNow());
      show();
      clearTimeout(settling);
      // Small steps leave the scrollbar behind where rows are many; it catches up when they end.
      if (latest.current.totalPx > latest.current.heightPx) settling = setTimeout(settle, settleMs);
    };
    const size = new ResizeObserver(read);
    size.observe(element);
    element.addEventListener('scroll', read, { passive: true });
    read();
    return () => {
      clearTimeout(settling);
      size.disconnect();
      element.removeEventListener('scroll', read);
    };
  }, [scroller, sizeNow, show, moveTo]);

  const countBefore = useRef(count);
  useLayoutEffect(() => {
    const more = count - countBefore.current;
    countBefore.current = count;
    const topPx = place.current.scrollTop + place.current.offsetPx;
    if (anchored && more > 0 && topPx >= rowHeightPx) moveTo(topPx + more * rowHeightPx);
  }, [anchored, count, rowHeightPx, moveTo]);

  return {
    ...view,
    heightPx,
    reveal(index) {
      const { scrollTop, offsetPx } = place.current;
      const shownPx = scrollTop + offsetPx;
      const { viewportPx } = sizeNow();
      const topPx = index * rowHeightPx;
      if (topPx < shownPx) moveTo(topPx);
      else if (topPx + rowHeightPx > shownPx + viewportPx) moveTo(topPx + rowHeightPx - viewportPx);
    },
  };
}

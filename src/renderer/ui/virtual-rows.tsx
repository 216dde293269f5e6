import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { useVirtualScroll } from './use-virtual-scroll.ts';
import { visibleRange } from './visible-range.ts';

interface VirtualRowsProps {
  /** Element that scrolls; the rows fill it below what stands above them. */
  scroller: RefObject<HTMLElement | null>;
  count: number;
  rowHeightPx: number;
  /** Draws one row; `focusable` marks the one row that Tab reaches. */
  renderRow(index: number, focusable: boolean): ReactNode;
  onOpen?: ((index: number) => void) | undefined;
  /** Called when fewer than two viewports are left below. */
  onNearEnd?: (() => void) | undefined;
  /** Called with the rows that are drawn, the end outside. */
  onRange?: ((first: number, end: number) => void) | undefined;
  /** Rows that come above leave those in view, and the one with the focus, where they are. */
  anchored?: boolean;
}

const steps: Record<string, (index: number, page: number, last: number) => number> = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
  PageDown: (index, page) => index + page,
  PageUp: (index, page) => index - page,
  Home: () => 0,
  End: (_index, _page, last) => last,
};

/** Draws only the rows that are in view; arrow keys, Page, Home and End walk through all of them. */
export function VirtualRows(props: VirtualRowsProps) {
  const { scroller, count, rowHeightPx, renderRow, onOpen, onNearEnd, onRange, anchored = false } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const [active, setActive] = useState(0);
  const wantsFocus = useRef(false);
  const last = count - 1;
  const activeIndex = Math.max(0, Math.min(active, last));
  const { topPx, offsetPx, viewportPx, heightPx, reveal } = useVirtualScroll({
    scroller,
    body,
    count,
    rowHeightPx,
    anchored,
  });

  const range = visibleRange(topPx, viewportPx + rowHeightPx, rowHeightPx, count);
  // Near the box's ends fewer rows are spare, so that it stays as high as it is.
  const first = Math.max(range.first, Math.ceil(offsetPx / rowHeightPx));
  const end = Math.min(range.end, Math.max(first, Math.floor((heightPx + offsetPx) / rowHeightPx)));

  useEffect(() => {
    if (count > 0 && count * rowHeightPx - topPx - viewportPx < 2 * viewportPx) onNearEnd?.();
  }, [count, rowHeightPx, topPx, viewportPx, onNearEnd]);

  useEffect(() => onRange?.(first, end), [first, end, onRange]);

  const countBefore = useRef(count);
  useLayoutEffect(() => {
    const more = count - countBefore.current;
    countBefore.current = count;
    if (anchored && more > 0 && topPx >= rowHeightPx) setActive((index) => index + more);
  }, [anchored, count, topPx, rowHeightPx]);

  useEffect(() => {
    if (!wantsFocus.current) return;
    const row = body.current?.querySelector<HTMLElement>(`[aria-rowindex="${activeIndex + 2}"]`);
    if (!row) return;
    wantsFocus.current = false;
    row.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (rowIndexOf(event.target) !== activeIndex || count === 0) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      onOpen?.(activeIndex);
      return;
    }
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const page = Math.max(1, Math.floor(viewportPx / rowHeightPx) - 2);
    const next = Math.max(0, Math.min(last, step(activeIndex, page, last)));
    wantsFocus.current = next !== activeIndex;
    setActive(next);
    reveal(next);
  };

  const onClick = (event: MouseEvent<HTMLElement>) => {
    if (!(event.target instanceof Element) || event.target.closest('button, a, input')) return;
    const index = rowIndexOf(event.target.closest('tr'));
    if (index >= 0) onOpen?.(index);
  };

  // A spacer above and the full height keep the scrollbar true while only a window of rows is drawn.
  return (
    <tbody
      ref={body}
      className="block"
      style={{ height: heightPx, paddingTop: Math.max(0, first * rowHeightPx - offsetPx) }}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onFocus={(event) => {
        const index = rowIndexOf(event.target);
        if (index >= 0) setActive(index);
      }}
    >
      {Array.from({ length: Math.max(0, end - first) }, (_, offset) =>
        renderRow(first + offset, first + offset === focusable(activeIndex, first, end)),
      )}
    </tbody>
  );
}

/** Index of the row that an element is, −1 when it is none; `aria-rowindex` counts from 1, the heading included. */
function rowIndexOf(target: EventTarget | null): number {
  return target instanceof HTMLTableRowElement ? Number(target.getAttribute('aria-rowindex')) - 2 : -1;
}

/** Tab must reach a drawn row, also after the active one was scrolled away. */
function focusable(active: number, first: number, end: number): number {
  return active >= first && active < end ? active : first;
}

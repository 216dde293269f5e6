import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from 'react';
import { visibleRange } from './visible-range.ts';

interface VirtualRowsProps<T> {
  /** Element that scrolls; the rows fill it below what stands above them. */
  scroller: RefObject<HTMLElement | null>;
  rows: readonly T[];
  rowHeightPx: number;
  /** Draws one row; `focusable` marks the one row that Tab reaches. */
  renderRow(row: T, index: number, focusable: boolean): ReactNode;
  onOpen?: ((row: T) => void) | undefined;
  /** Called when fewer than two viewports are left below. */
  onNearEnd?: (() => void) | undefined;
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
export function VirtualRows<T>(props: VirtualRowsProps<T>) {
  const { scroller, rows, rowHeightPx, renderRow, onOpen, onNearEnd } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [active, setActive] = useState(0);
  const wantsFocus = useRef(false);
  const last = rows.length - 1;
  const activeIndex = Math.max(0, Math.min(active, last));

  // Not a layout effect: the parent's ref is set after its children's layout effects.
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const read = () => {
      // Whole rows only: scrolling inside one row draws nothing anew.
      const top = Math.floor(element.scrollTop / rowHeightPx) * rowHeightPx;
      setView((old) =>
        old.top === top && old.height === element.clientHeight ? old : { top, height: element.clientHeight },
      );
    };
    const size = new ResizeObserver(read);
    size.observe(element);
    element.addEventListener('scroll', read, { passive: true });
    read();
    return () => {
      size.disconnect();
      element.removeEventListener('scroll', read);
    };
  }, [scroller, rowHeightPx]);

  const { first, end } = visibleRange(view.top, view.height + rowHeightPx, rowHeightPx, rows.length);

  useEffect(() => {
    if (rows.length > 0 && rows.length * rowHeightPx - view.top - view.height < 2 * view.height)
      onNearEnd?.();
  }, [rows.length, rowHeightPx, view, onNearEnd]);

  useEffect(() => {
    if (!wantsFocus.current) return;
    const row = body.current?.querySelector<HTMLElement>(`[aria-rowindex="${activeIndex + 2}"]`);
    if (!row) return;
    wantsFocus.current = false;
    row.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const row = rows[activeIndex];
    if (rowIndexOf(event.target) !== activeIndex || row === undefined) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      onOpen?.(row);
      return;
    }
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const page = Math.max(1, Math.floor(view.height / rowHeightPx) - 2);
    const next = Math.max(0, Math.min(last, step(activeIndex, page, last)));
    wantsFocus.current = next !== activeIndex;
    setActive(next);
    reveal(scroller.current, body.current, next, rowHeightPx);
  };

  const onClick = (event: MouseEvent<HTMLElement>) => {
    if (!(event.target instanceof Element) || event.target.closest('button, a, input')) return;
    const row = rows[rowIndexOf(event.target.closest('tr'))];
    if (row !== undefined) onOpen?.(row);
  };

  // A spacer above and the full height keep the scrollbar true while only a window of rows is drawn.
  return (
    <tbody
      ref={body}
      className="block"
      style={{ height: rows.length * rowHeightPx, paddingTop: first * rowHeightPx }}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onFocus={(event) => {
        const index = rowIndexOf(event.target);
        if (index >= 0) setActive(index);
      }}
    >
      {rows
        .slice(first, end)
        .map((row, offset) =>
          renderRow(row, first + offset, first + offset === focusable(activeIndex, first, end)),
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

function reveal(scroller: HTMLElement | null, body: HTMLElement | null, index: number, rowHeightPx: number) {
  if (!scroller || !body) return;
  const header = body.offsetTop;
  const top = index * rowHeightPx;
  const bottom = top + rowHeightPx + header;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (bottom > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = bottom - scroller.clientHeight;
}

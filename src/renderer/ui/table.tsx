import { memo, type ReactNode, useMemo, useRef, useSyncExternalStore } from 'react';
import { VirtualRows } from './virtual-rows.tsx';

export interface Column<T> {
  key: string;
  title: string;
  /** The heading is read out but not shown: for a column of buttons. */
  hideTitle?: boolean;
  /** A CSS grid track, such as `minmax(0,1fr)` or `7rem`. */
  width: string;
  align?: 'end';
  /** Left out where the window is narrow; the row's details have it. */
  wideOnly?: boolean;
  cell(row: T): ReactNode;
}

/** Rows of which only some are here; new ones come above the first. */
export interface SparseRows<T> {
  count: number;
  rowAt(index: number): T | undefined;
  /** Told which rows are drawn, the end outside, so that they can be fetched. Keep the same function between renders. */
  onRange(first: number, end: number): void;
}

interface TableProps<T> {
  label: string;
  /** Keep the same array between renders: a row is drawn anew only when it or the columns change. */
  columns: readonly Column<T>[];
  rows: readonly T[] | SparseRows<T>;
  keyOf(row: T): string | number;
  rowHeightPx?: number;
  onOpen?: (row: T) => void;
  onNearEnd?: () => void;
  /** Rows in all, when more can be read than are here. */
  totalRows?: number;
  /** Classes for the scrolling box: its height, mostly. */
  className?: string;
}

const wideWindow = '(min-width: 1100px)';
const isWide = () => matchMedia(wideWindow).matches;

function watchWidth(onChange: () => void): () => void {
  const query = matchMedia(wideWindow);
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

/** A table that draws only the rows in view. Its rows take the focus; Enter or a click opens one. */
export function Table<T>(props: TableProps<T>) {
  const { label, rows, keyOf, rowHeightPx = 40, onOpen, onNearEnd, totalRows, className = '' } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const wide = useSyncExternalStore(watchWidth, isWide);
  const columns = useMemo(
    () => (wide ? props.columns : props.columns.filter((column) => !column.wideOnly)),
    [props.columns, wide],
  );
  const isSparse = !Array.isArray(rows);
  const { count, rowAt, onRange } = isSparse ? (rows as SparseRows<T>) : arrayRows(rows as readonly T[]);
  const tracks = columns.map((column) => column.width).join(' ');
  return (
    <div ref={scroller} className={`relative overflow-auto ${className}`}>
      <table aria-label={label} aria-rowcount={(totalRows ?? count) + 1} className="block w-full">
        <thead className="sticky top-0 z-10 block bg-panel">
          <tr
            aria-rowindex={1}
            className="grid gap-x-4 border-b border-line px-2 pb-2 text-xs text-dim"
            style={{ gridTemplateColumns: tracks }}
          >
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={`truncate font-normal ${column.align === 'end' ? 'text-end' : 'text-start'}`}
              >
                <span className={column.hideTitle ? 'sr-only' : ''}>{column.title}</span>
              </th>
            ))}
          </tr>
        </thead>
        <VirtualRows
          scroller={scroller}
          count={count}
          rowHeightPx={rowHeightPx}
          anchored={isSparse}
          onOpen={onOpen && ((index) => open(rowAt(index), onOpen))}
          onNearEnd={onNearEnd}
          onRange={onRange}
          renderRow={(index, focusable) => {
            const row = rowAt(index);
            return (
              <TableRow
                key={isSparse || row === undefined ? `row-${count - index}` : keyOf(row)}
                row={row}
                index={index}
                focusable={focusable}
                columns={columns}
                tracks={tracks}
                heightPx={rowHeightPx}
                opens={onOpen !== undefined}
              />
            );
          }}
        />
      </table>
    </div>
  );
}

const arrayRows = <T,>(rows: readonly T[]) => ({
  count: rows.length,
  rowAt: (index: number) => rows[index],
  onRange: undefined,
});

function open<T>(row: T | undefined, onOpen: (row: T) => void): void {
  if (row !== undefined) onOpen(row);
}

interface TableRowProps<T> {
  /** Absent while it is being fetched. */
  row: T | undefined;
  index: number;
  focusable: boolean;
  columns: readonly Column<T>[];
  tracks: string;
  heightPx: number;
  opens: boolean;
}

function PlainRow<T>({ row, index, focusable, columns, tracks, heightPx, opens }: TableRowProps<T>) {
  return (
    <tr
      aria-rowindex={index + 2}
      tabIndex={focusable ? 0 : -1}
      className={`grid items-center gap-x-4 border-b border-line px-2 outline-none focus-visible:bg-panel-2 focus-visible:ring-2 focus-visible:ring-accent focus-visible:ring-inset ${opens ? 'cursor-pointer hover:bg-panel-2' : ''}`}
      style={{ gridTemplateColumns: tracks, height: heightPx }}
    >
      {columns.map((column) => (
        <td key={column.key} className={`min-w-0 truncate p-0 ${column.align === 'end' ? 'text-end' : ''}`}>
          {row === undefined ? <span className="block h-3 rounded bg-panel-2" /> : column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

/** A row whose data is the same object is not drawn again. */
const TableRow = memo(PlainRow) as typeof PlainRow;

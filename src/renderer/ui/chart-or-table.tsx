import { type ReactNode, useMemo, useState } from 'react';
import { type Column, Table } from './table.tsx';

interface ChartOrTableProps<T> {
  label: string;
  showTable: string;
  showChart: string;
  columns: readonly Column<T>[];
  /** In the chart's order, oldest first; the table turns it round. */
  rows: readonly T[];
  keyOf(row: T): string | number;
  /** Classes that give the table the height of the chart. */
  tableClass: string;
  chart: ReactNode;
}

/** A chart, and one click away the table of its figures, newest first. */
export function ChartOrTable<T>(props: ChartOrTableProps<T>) {
  const { label, showTable, showChart, columns, rows, keyOf, tableClass, chart } = props;
  const [asTable, setAsTable] = useState(false);
  const newestFirst = useMemo(() => (asTable ? [...rows].reverse() : []), [rows, asTable]);
  return (
    <div>
      {asTable ? (
        <Table
          label={label}
          columns={columns}
          rows={newestFirst}
          keyOf={keyOf}
          rowHeightPx={30}
          className={tableClass}
        />
      ) : (
        chart
      )}
      <button
        type="button"
        aria-pressed={asTable}
        onClick={() => setAsTable(!asTable)}
        className="mt-1 cursor-pointer rounded text-xs text-link hover:underline focus-visible:outline-2 focus-visible:outline-accent"
      >
        {asTable ? showChart : showTable}
      </button>
    </div>
  );
}

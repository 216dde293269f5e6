import { useTranslation } from 'react-i18next';
import type { DataPreview, DataReport } from '#contract/training-data.ts';
import { ClassCounts } from './class-counts.tsx';
import { DataProblems } from './data-problems.tsx';
import { type PlacedColumn, placed, shownColumns } from './placed.ts';

const mostColumns = 40;
/** As many as can be read beside each other in a drawer. */
const mostAcross = 4;

/** What was found in a source: how much, which classes, what is wrong with it, its columns and first rows. */
export function DataPreviewView({ preview }: { preview: DataPreview }) {
  const { t } = useTranslation();
  const { facts, columnRows, firstRows, problems, check } = preview;
  const columnsTitle =
    columnRows < facts.rows
      ? t('training.data.columnsOf', { rows: columnRows.toLocaleString('en') })
      : t('training.data.columns');
  const columns = placed(preview.columns);
  return (
    <div className="grid min-w-0 gap-3">
      <ClassCounts classes={facts.classes} more={facts.moreClasses} />
      {check && <Check check={check} />}
      <DataProblems problems={check ? check.problems : problems} />
      {columns.length > 0 && <Columns columns={columns} title={columnsTitle} />}
      {firstRows.length > 0 && <FirstRows columns={shownColumns(columns, mostAcross)} rows={firstRows} />}
    </div>
  );
}

function Check({ check }: { check: DataReport }) {
  const { t } = useTranslation();
  return (
    <div className="grid gap-1 rounded-lg border border-line px-3 py-2 text-sm">
      <p>
        {t('training.data.usable', {
          usable: check.usable.toLocaleString('en'),
          rows: check.rows.toLocaleString('en'),
        })}
      </p>
      <ClassCounts classes={check.classes} more={false} />
    </div>
  );
}

const number = (value: number) => String(Number(value.toPrecision(6)));
const cell = 'truncate py-1 pe-3 text-start font-normal';

function Columns({ columns, title }: { columns: readonly PlacedColumn[]; title: string }) {
  const { t } = useTranslation();
  return (
    <section className="grid gap-1">
      <h3 className="text-xs text-dim">{title}</h3>
      <table className="w-full table-fixed border-collapse text-xs">
        <thead className="text-dim">
          <tr>
            {(['columnName', 'role', 'type', 'range', 'empty'] as const).map((key) => (
              <th key={key} scope="col" className={cell}>
                {t(`training.data.${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {columns.slice(0, mostColumns).map((column) => (
            <tr key={column.place} className="border-t border-line">
              <td className={cell} title={column.name}>
                {column.name}
              </td>
              <td className={cell}>{t(`training.data.roles.${column.role}`)}</td>
              <td className={cell}>{t(`training.data.types.${column.type}`)}</td>
              <td className={cell}>
                {column.min === null || column.max === null
                  ? '–'
                  : t('training.data.fromTo', { min: number(column.min), max: number(column.max) })}
              </td>
              <td className={cell}>{column.empty === 0 ? '–' : column.empty.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {columns.length > mostColumns && (
        <p className="text-xs text-dim">
          {t('training.data.moreColumns', { count: columns.length - mostColumns })}
        </p>
      )}
    </section>
  );
}

const placesUpTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

interface FirstRowsProps {
  /** None of folders: then a row is a file's name, its class, its text or size. */
  columns: readonly PlacedColumn[];
  rows: DataPreview['firstRows'];
}

function FirstRows({ columns, rows }: FirstRowsProps) {
  const { t } = useTranslation();
  const places =
    columns.length > 0
      ? columns.map(({ place }) => place)
      : placesUpTo(Math.min(rows[0]?.length ?? 0, mostAcross));
  return (
    <section className="grid gap-1">
      <h3 className="text-xs text-dim">{t('training.data.firstRows')}</h3>
      <table className="w-full table-fixed border-collapse text-xs">
        {columns.length > 0 && (
          <thead className="text-dim">
            <tr>
              {columns.map(({ name, place }) => (
                <th key={place} scope="col" className={cell}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {placed(rows.map((values) => ({ values }))).map((row) => (
            <tr key={row.place} className="border-t border-line">
              {places.map((place) => (
                <td key={place} className={cell} title={row.values[place - 1]}>
                  {row.values[place - 1]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

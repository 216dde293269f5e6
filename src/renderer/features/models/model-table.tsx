import { Check, CircleCheck, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Model } from '#contract/model.ts';
import { formatBytes } from '../../lib/format.ts';
import { formatParameters } from '../../lib/format-parameters.ts';
import { openRoute } from '../../lib/routes.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';

interface ModelTableProps {
  models: readonly Model[] | null;
  busy: boolean;
  onServe(model: Model): void;
}

const keyOf = (model: Model) => model.id;
const open = (model: Model) => openRoute('models', model.id);

/** Models on the disk, and whether this computer can serve each. */
export function ModelTable({ models, busy, onServe }: ModelTableProps) {
  const { t } = useTranslation();
  const columns: Column<Model>[] = [
    {
      key: 'name',
      title: t('models.name'),
      width: 'minmax(8rem,1.5fr)',
      cell: (model) => (
        <span className="grid leading-tight">
          <span className="font-medium">{model.name}</span>
          {model.id !== model.name && <span className="truncate text-xs text-dim">{model.id}</span>}
        </span>
      ),
    },
    {
      key: 'size',
      title: t('models.size'),
      width: '4.5rem',
      align: 'end',
      cell: (model) => formatBytes(model.sizeBytes),
    },
    {
      key: 'parameters',
      wideOnly: true,
      title: t('models.parameters'),
      width: '5.5rem',
      align: 'end',
      cell: (model) => formatParameters(model.parameters),
    },
    {
      key: 'quantization',
      wideOnly: true,
      title: t('models.quantization'),
      width: '6rem',
      cell: (model) => model.quantization ?? '–',
    },
    {
      key: 'needs',
      title: t('models.needs'),
      width: '5rem',
      align: 'end',
      cell: (model) => formatBytes(model.needsBytes),
    },
    {
      key: 'fits',
      title: t('models.state'),
      width: 'minmax(8rem,1fr)',
      cell: (model) => <ModelState model={model} />,
    },
    {
      key: 'serve',
      title: t('models.serve'),
      hideTitle: true,
      width: '5rem',
      align: 'end',
      cell: (model) =>
        !model.served &&
        model.fits &&
        !model.problem && (
          <Button size="small" disabled={busy} onClick={() => onServe(model)}>
            {t('models.serve')}
          </Button>
        ),
    },
  ];
  return (
    <section className="rounded-[10px] border border-line bg-panel px-4 py-3.5">
      <h2 className="mb-3 text-xs font-medium text-dim">{t('models.onDisk')}</h2>
      {models === null ? (
        <TableSkeleton label={t('models.loading')} />
      ) : models.length === 0 ? (
        <EmptyState title={t('models.empty')} />
      ) : (
        <Table
          label={t('models.onDisk')}
          columns={columns}
          rows={models}
          keyOf={keyOf}
          onOpen={open}
          rowHeightPx={44}
          className="max-h-[24rem]"
        />
      )}
    </section>
  );
}

function ModelState({ model }: { model: Model }) {
  const { t } = useTranslation();
  if (model.problem) {
    return (
      <State
        icon={TriangleAlert}
        color="text-bad"
        text={t('models.states.problem')}
        title={model.problem.message}
      />
    );
  }
  if (model.served) return <State icon={CircleCheck} color="text-earn" text={t('models.states.served')} />;
  if (model.fits) return <State icon={Check} color="text-text" text={t('models.states.fits')} />;
  return <State icon={TriangleAlert} color="text-warn" text={t('models.states.tooLarge')} />;
}

function State({
  icon: Icon,
  color,
  text,
  title,
}: {
  icon: typeof Check;
  color: string;
  text: string;
  title?: string;
}) {
  return (
    <span className={`inline-flex items-center gap-1.5 ${color}`} title={title}>
      <Icon size={14} aria-hidden />
      {text}
    </span>
  );
}

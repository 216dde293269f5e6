import { useTranslation } from 'react-i18next';
import type { DataItem } from '#contract/training-data.ts';
import { act } from '../../lib/act.ts';
import { openRoute } from '../../lib/routes.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ClassCounts } from './class-counts.tsx';
import { factsText } from './data-words.ts';

/** In the address, data that are about to be added; no round's id can be this. */
export const newData = '+data';

/** Data on this computer that tasks may be trained on. */
export function DataCard({ items }: { items: readonly DataItem[] }) {
  const { t } = useTranslation();
  return (
    <Card>
      <div className="mb-2.5 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="text-[12.5px] font-medium text-dim">{t('training.data.title')}</h2>
        <p className="me-auto text-xs text-dim">{t('training.data.stays')}</p>
        <Button size="small" onClick={() => openRoute('training', newData)}>
          {t('training.data.add')}
        </Button>
      </div>
      {items.length === 0 ? (
        <EmptyState title={t('training.data.none')} />
      ) : (
        <ul className="grid">
          {items.map((item) => (
            <DataRow key={item.id} item={item} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function DataRow({ item: { id, name, source, facts } }: { item: DataItem }) {
  const { t } = useTranslation();
  const isOwn = source.kind !== 'built-in';
  const path = !isOwn ? null : source.kind === 'idx' ? source.images : source.path;
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-x-4 gap-y-1 border-t border-line py-3 first:border-0 first:pt-0 last:pb-0">
      <div className="grid min-w-0 gap-1">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-medium">{name}</span>
          {!isOwn && <Chip>{t('training.data.builtIn')}</Chip>}
          <span className="text-xs text-dim">{factsText(facts, t)}</span>
        </p>
        {path && (
          <p title={path} className="truncate font-mono text-xs text-dim">
            {path}
          </p>
        )}
        <ClassCounts classes={facts.classes} more={facts.moreClasses} />
      </div>
      {isOwn && (
        <Confirm
          trigger={
            <Button size="small" aria-label={t('training.data.removeName', { name })}>
              {t('training.data.remove')}
            </Button>
          }
          title={t('training.data.removeTitle', { name })}
          text={t('training.data.removeText')}
          confirm={t('training.data.removeConfirm')}
          keep={t('training.data.keep')}
          onConfirm={() => void act('training.removeData', { id })}
        />
      )}
    </li>
  );
}

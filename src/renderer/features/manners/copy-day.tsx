import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Week } from '#contract/manners.ts';
import { Button } from '../../ui/button.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { withDayCopied } from './schedule-week.ts';
import { dayName } from './schedule-words.ts';

const days = ['0', '1', '2', '3', '4', '5', '6'] as const;
const groups: Record<string, readonly number[]> = {
  all: [0, 1, 2, 3, 4, 5, 6],
  weekdays: [0, 1, 2, 3, 4],
  weekend: [5, 6],
};

/** Copies one day's hours to others. */
export function CopyDay({ week, onCopy }: { week: Week; onCopy(week: Week): void }) {
  const { t } = useTranslation();
  const [from, setFrom] = useState<string>('0');
  const [to, setTo] = useState<string>('all');
  const dayOptions = days.map((day) => ({ value: day as string, title: dayName(Number(day), t) }));
  return (
    <form
      className="flex flex-wrap items-center gap-2 text-sm"
      onSubmit={(event) => {
        event.preventDefault();
        onCopy(withDayCopied(week, Number(from), groups[to] ?? [Number(to)]));
      }}
    >
      <span className="text-dim">{t('manners.copy.from')}</span>
      <SelectField
        label={t('manners.copy.fromLabel')}
        hideLabel
        value={from}
        options={dayOptions}
        onChoose={setFrom}
      />
      <span className="text-dim">{t('manners.copy.to')}</span>
      <SelectField
        label={t('manners.copy.toLabel')}
        hideLabel
        value={to}
        options={[
          ...Object.keys(groups).map((value) => ({ value, title: t(`manners.copy.${value}`) })),
          ...dayOptions,
        ]}
        onChoose={setTo}
      />
      <Button type="submit" size="small">
        {t('manners.copy.do')}
      </Button>
    </form>
  );
}

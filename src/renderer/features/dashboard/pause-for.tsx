import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { type PauseUnit, pauseMinutes } from './pause-minutes.ts';

interface PauseForProps {
  onPause(forMinutes: number): void;
  onClose(): void;
}

/** Asks how long to pause, in minutes or hours. */
export function PauseFor({ onPause, onClose }: PauseForProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('30');
  const [unit, setUnit] = useState<PauseUnit>('minutes');
  const [isTried, setTried] = useState(false);
  const minutes = pauseMinutes(text, unit);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (minutes === null) return setTried(true);
    onPause(minutes);
    onClose();
  };
  return (
    <form
      onSubmit={submit}
      noValidate
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
      className="mt-3 flex flex-wrap items-start gap-2 border-t border-line pt-3"
    >
      <div className="w-28">
        <Field
          label={t('hybrid.pauseFor')}
          inputMode="decimal"
          autoComplete="off"
          autoFocus
          value={text}
          problem={isTried && minutes === null ? t('hybrid.pauseForProblem') : null}
          onChange={(event) => setText(event.target.value)}
          onFocus={(event) => event.target.select()}
        />
      </div>
      <SelectField
        label={t('hybrid.pauseUnit')}
        value={unit}
        options={(['minutes', 'hours'] as const).map((value) => ({
          value,
          title: t(`hybrid.pauseUnits.${value}`),
        }))}
        onChoose={setUnit}
        className="w-28"
      />
      <div className="mt-[25px] flex gap-2">
        <Button type="submit" size="small" look="accent">
          {t('dashboard.pause')}
        </Button>
        <Button size="small" onClick={onClose}>
          {t('hybrid.takePart.no')}
        </Button>
      </div>
    </form>
  );
}

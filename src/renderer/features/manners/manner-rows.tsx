import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { act } from '../../lib/act.ts';
import { SelectField } from '../../ui/select-field.tsx';
import { SavedField } from './saved-field.tsx';
import { boundsOf, type NumberName, numberOf, type SwitchName } from './setting-bounds.ts';

interface RowProps<N> {
  name: N;
  settings: Settings;
  warning?: string | null;
}

/** A setting that is a number, with its bounds said where they are passed. */
export function NumberRow({ name, settings, warning, unit }: RowProps<NumberName> & { unit: string }) {
  const { t } = useTranslation();
  const bounds = boundsOf(name);
  const value = settings[name];
  return (
    <SavedField
      label={t(`settings.${name}.title`)}
      hint={t(`settings.${name}.text`)}
      unit={unit}
      warning={warning}
      stored={value === null ? '' : String(value)}
      placeholder={
        bounds.isOptional ? t(name === 'assumedWatts' ? 'manners.unknown' : 'manners.noLimit') : undefined
      }
      patchOf={(text) => {
        const number = numberOf(text, bounds);
        return number === undefined ? null : { [name]: number };
      }}
      problem={t(bounds.isOptional ? 'manners.problem.optional' : 'manners.problem.number', {
        min: bounds.min.toLocaleString('en'),
        max: bounds.max.toLocaleString('en'),
      })}
    />
  );
}

/** A setting that is on or off. */
export function SwitchRow({
  name,
  settings,
  warning,
  disabled,
}: RowProps<SwitchName> & { disabled?: boolean }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className="flex gap-3">
      <input
        id={id}
        type="checkbox"
        className="mt-0.5 size-4 shrink-0 accent-accent"
        aria-describedby={`${id}-text`}
        checked={settings[name]}
        disabled={disabled}
        onChange={(event) => void act('settings.update', { [name]: event.target.checked })}
      />
      <div className="min-w-0">
        <label htmlFor={id} className="text-sm font-medium">
          {t(`settings.${name}.title`)}
        </label>
        <p id={`${id}-text`} className={`text-xs ${warning ? 'text-warn' : 'text-dim'}`}>
          {warning ?? t(`settings.${name}.text`)}
        </p>
      </div>
    </div>
  );
}

const rests = ['nothing', 'gpu', 'cpu', 'all'] as const;

/** What rests while somebody uses the computer. */
export function RestChoice({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  return (
    <SelectField
      label={t('settings.pauseWhileInUse.title')}
      hint={t('settings.pauseWhileInUse.text')}
      value={settings.pauseWhileInUse}
      options={rests.map((value) => ({ value, title: t(`settings.pauseWhileInUse.${value}`) }))}
      onChoose={(pauseWhileInUse) => void act('settings.update', { pauseWhileInUse })}
    />
  );
}

import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings, SettingsPatch } from '#contract/settings.ts';
import { client } from '../../lib/client.ts';
import { fieldText, type SettingItem, settingValue } from './setting-list.ts';

/** A setting that has a form of its own elsewhere. */
export function SettingLink({ name, opens }: { name: SettingItem['name']; opens: string }) {
  const { t } = useTranslation();
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,17rem)] items-start gap-4 border-t border-line py-3 first:border-0 first:pt-0">
      <div>
        <p className="font-medium">{t(`settings.${name}.title`)}</p>
        <p className="text-xs text-dim">{t(`settings.${name}.text`)}</p>
      </div>
      <a href={`#/${opens}`} className="text-link underline underline-offset-2">
        {t(`settings.opensOn.${opens}`)}
      </a>
    </div>
  );
}

/** One setting: stored when the field is left or the choice made; a refusal is shown under it and changes nothing. */
export function SettingRow({ item, value }: { item: SettingItem; value: Settings[keyof Settings] }) {
  const { t } = useTranslation();
  const stored = fieldText(value);
  const [text, setText] = useState(stored);
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaved, setSaved] = useState(false);
  useEffect(() => {
    if (!isSaved) return;
    const timer = setTimeout(() => setSaved(false), 2000);
    return () => clearTimeout(timer);
  }, [isSaved]);
  useEffect(() => setText(stored), [stored]);

  const save = async (next: unknown) => {
    const result = await client.request('settings.update', { [item.name]: next } as SettingsPatch);
    setProblem(result.ok ? null : result.error.message);
    setSaved(result.ok);
  };
  const id = `setting-${item.name}`;
  const look =
    'w-full rounded-lg border border-line bg-ground px-3 py-1.5 text-sm focus-visible:outline-2 focus-visible:outline-accent aria-invalid:border-bad';
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,17rem)] items-start gap-4 border-t border-line py-3 first:border-0 first:pt-0">
      <div>
        <label htmlFor={id} className="font-medium">
          {t(`settings.${item.name}.title`)}
        </label>
        <p className="text-xs text-dim">{t(`settings.${item.name}.text`)}</p>
      </div>
      <div>
        <div className="flex items-center gap-2">
          {item.kind === 'switch' ? (
            <input
              id={id}
              type="checkbox"
              className="size-4 accent-accent"
              checked={value === true}
              onChange={(event) => save(event.target.checked)}
            />
          ) : item.kind === 'choice' ? (
            <select id={id} className={look} value={text} onChange={(event) => save(event.target.value)}>
              {item.choices?.map((choice) => (
                <option key={choice} value={choice}>
                  {t(`settings.${item.name}.${choice}`)}
                </option>
              ))}
            </select>
          ) : (
            <input
              id={id}
              className={look}
              value={text}
              spellCheck={false}
              aria-invalid={problem ? true : undefined}
              aria-describedby={`${id}-problem`}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
              onBlur={() => text !== stored && save(settingValue(item, text))}
            />
          )}
          {item.unit && (
            <span className="text-xs whitespace-nowrap text-dim">{t(`settings.unit.${item.unit}`)}</span>
          )}
        </div>
        <p
          id={`${id}-problem`}
          aria-live="polite"
          className={`min-h-4 text-xs ${problem ? 'text-bad' : 'text-dim'}`}
        >
          {problem ?? (isSaved ? t('settings.saved') : '')}
        </p>
      </div>
    </div>
  );
}

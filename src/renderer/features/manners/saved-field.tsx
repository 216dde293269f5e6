import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SettingsPatch } from '#contract/settings.ts';
import { client } from '../../lib/client.ts';
import { Field } from '../../ui/field.tsx';

interface SavedFieldProps {
  label: string;
  hideLabel?: boolean;
  hint?: string;
  unit?: string;
  warning?: string | null;
  /** The stored value as text. */
  stored: string;
  placeholder?: string;
  /** What a text changes; null when it stands for nothing that is allowed. */
  patchOf(text: string): SettingsPatch | null;
  /** Said for a text that is not allowed. */
  problem: string;
}

/** A field that is stored when it is left or Enter is pressed; what is not allowed is said under it and changes nothing. */
export function SavedField(props: SavedFieldProps) {
  const { label, hideLabel = false, hint, unit, warning, stored, placeholder, patchOf } = props;
  const { t } = useTranslation();
  const [text, setText] = useState(stored);
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaved, setSaved] = useState(false);
  useEffect(() => setText(stored), [stored]);
  useEffect(() => {
    if (!isSaved) return;
    const timer = setTimeout(() => setSaved(false), 2000);
    return () => clearTimeout(timer);
  }, [isSaved]);

  const save = async () => {
    if (text.trim() === stored) return setProblem(null);
    const patch = patchOf(text);
    if (patch === null) return setProblem(props.problem);
    const result = await client.request('settings.update', patch);
    setProblem(result.ok ? null : result.error.message);
    setSaved(result.ok);
  };
  return (
    <Field
      label={label}
      hideLabel={hideLabel}
      hint={isSaved ? t('settings.saved') : hint}
      problem={problem}
      warning={warning}
      unit={unit}
      value={text}
      placeholder={placeholder}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      onBlur={() => void save()}
    />
  );
}

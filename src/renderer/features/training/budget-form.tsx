import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { parseEpsilon } from './figures.ts';

/** Sets the budget; it is drawn anew (by its key) when another value is stored. */
export function BudgetForm({ budgetEpsilon }: { budgetEpsilon: number }) {
  const { t } = useTranslation();
  const [text, setText] = useState(String(budgetEpsilon));
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const isChanged = text.trim() !== String(budgetEpsilon);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    const privacyBudgetEpsilon = parseEpsilon(text);
    if (privacyBudgetEpsilon === null) return setProblem(t('training.privacy.problem'));
    setBusy(true);
    const result = await client.request('settings.update', { privacyBudgetEpsilon });
    setProblem(result.ok ? null : result.error.message);
    setBusy(false);
  };
  return (
    <form onSubmit={save} noValidate className="mt-3 flex items-start gap-2 border-t border-line pt-3">
      <div className="w-44 max-w-full">
        <Field
          label={t('training.privacy.budget')}
          inputMode="decimal"
          autoComplete="off"
          unit="ε"
          hint={t('training.privacy.budgetHint')}
          problem={problem}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(null);
          }}
        />
      </div>
      <Button type="submit" className="mt-[22px]" disabled={!isChanged || busy}>
        {t('training.privacy.save')}
      </Button>
    </form>
  );
}

import { useTranslation } from 'react-i18next';

/** An error as a person reads it: what it is, this case's figures, what to do. */
export function ErrorNote({ error }: { error: { code: string; message: string } }) {
  const { t } = useTranslation();
  return (
    <div role="alert" className="rounded-lg border border-bad/45 px-3.5 py-2.5 text-sm">
      <strong className="font-medium text-bad">{t(`errors.${error.code}.title`)}</strong>
      <p>{error.message}</p>
      <p className="text-dim">{t(`errors.${error.code}.advice`)}</p>
    </div>
  );
}

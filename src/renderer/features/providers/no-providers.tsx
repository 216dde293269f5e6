import { Cable } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';

/** What a proxy is, for who has no provider yet. */
export function NoProviders({ onAdd }: { onAdd(): void }) {
  const { t } = useTranslation();
  return (
    <section className="mx-auto grid max-w-lg justify-items-center gap-3 py-16 text-center">
      <Cable size={28} aria-hidden className="text-dim" />
      <h2 className="text-base font-semibold">{t('providers.empty.title')}</h2>
      <p className="text-sm text-dim">{t('providers.empty.text')}</p>
      <Button look="accent" className="mt-2" onClick={onAdd}>
        {t('providers.add')}
      </Button>
    </section>
  );
}

import { Check, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card.tsx';
import type { Hint } from './worth-a-look.ts';

export function WorthALookCard({ hints }: { hints: Hint[] }) {
  const { t } = useTranslation();
  return (
    <Card title={t('dashboard.worth.title')}>
      {hints.length === 0 && (
        <p className="flex items-center gap-2 text-dim">
          <Check size={16} aria-hidden /> {t('dashboard.worth.nothing')}
        </p>
      )}
      <ul>
        {hints.map(({ code, page, values }) => (
          <li key={code} className="flex gap-2.5 border-t border-line py-2.5 first:border-0 first:pt-0">
            <TriangleAlert size={16} className="mt-0.5 shrink-0 text-warn" aria-hidden />
            <p>
              {t(`dashboard.worth.${code}`, values ?? {})}{' '}
              <a href={`#/${page}`} className="text-link underline underline-offset-2">
                {t(`dashboard.worth.open.${page}`)}
              </a>
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

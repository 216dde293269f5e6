import { Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Step } from '../../ui/step.tsx';

export function DoneNote({ text, onClose }: { text: string; onClose(): void }) {
  const { t } = useTranslation();
  return (
    <Step>
      <p role="status" className="flex items-start gap-2 text-sm">
        <Check size={18} aria-hidden className="shrink-0 text-earn" />
        {text}
      </p>
      <div className="flex justify-end">
        <Button onClick={onClose}>{t('wallet.done')}</Button>
      </div>
    </Step>
  );
}

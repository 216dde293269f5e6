import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { act } from '../../lib/act.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/confirm.tsx';

export function ApiKeyCard() {
  const { t } = useTranslation();
  const status = useSignal('node.status');
  const [key, setKey] = useState<string | null>(null);
  const [isCopied, setCopied] = useState(false);
  const ask = async (call: 'access.key' | 'access.renewKey') => {
    const result = await act(call, {});
    if (result.ok) setKey(result.data.key);
    setCopied(false);
  };
  const copy = async (text: string) => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <Card title={t('settings.apiKey.title')}>
      <p className="text-dim">
        {t('settings.apiKey.text', { url: `${status?.apiUrl ?? 'http://127.0.0.1:8100'}/v1` })}
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <code className="me-auto font-mono text-xs break-all">{key ?? '••••••••••••'}</code>
        {key === null ? (
          <Button size="small" onClick={() => ask('access.key')}>
            {t('settings.apiKey.show')}
          </Button>
        ) : (
          <Button size="small" onClick={() => copy(key)}>
            {t(isCopied ? 'settings.apiKey.copied' : 'settings.apiKey.copy')}
          </Button>
        )}
        <Confirm
          trigger={<Button size="small">{t('settings.apiKey.renew')}</Button>}
          title={t('settings.apiKey.renewTitle')}
          text={t('settings.apiKey.renewText')}
          confirm={t('settings.apiKey.renew')}
          keep={t('settings.apiKey.keep')}
          onConfirm={() => ask('access.renewKey')}
        />
      </div>
    </Card>
  );
}

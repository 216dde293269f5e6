import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

export function ApiKeyCard() {
  const { t } = useTranslation();
  const status = useSignal('node.status');
  const [key, setKey] = useState<string | null>(null);
  const ask = async (call: 'access.key' | 'access.renewKey') => {
    const result = await client.request(call, {});
    if (result.ok) setKey(result.data.key);
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
          <Button size="small" onClick={() => void navigator.clipboard.writeText(key)}>
            {t('settings.apiKey.copy')}
          </Button>
        )}
        <Button size="small" onClick={() => ask('access.renewKey')}>
          {t('settings.apiKey.renew')}
        </Button>
      </div>
    </Card>
  );
}

import { useTranslation } from 'react-i18next';
import type { Model } from '#contract/model.ts';
import type { Settings } from '#contract/settings.ts';
import { formatBytes } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';

/** What starting will use of this computer. */
export function BeforeStart() {
  const { t } = useTranslation();
  const settings = useSignal('settings.current');
  const model = useSignal('models.list')?.find(({ id }) => id === settings?.servedModels[0]);
  if (!settings || !model) return null;
  return (
    <dl className="mt-4 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 border-t border-line pt-3">
      {usesOf(settings, model, t).map(({ what, how }) => (
        <div key={what} className="contents">
          <dt className="text-dim">{what}</dt>
          <dd>{how}</dd>
        </div>
      ))}
    </dl>
  );
}

function usesOf(settings: Settings, model: Model, t: ReturnType<typeof useTranslation>['t']) {
  const network =
    settings.network.kind === 'local' ? t('onboarding.network.local') : new URL(settings.network.url).host;
  const cores =
    settings.threads === 'auto'
      ? t('dashboard.uses.autoCores')
      : t('dashboard.uses.cores', { count: settings.threads });
  const reach = t(
    settings.listenOnAllInterfaces ? 'dashboard.uses.allInterfaces' : 'dashboard.uses.loopback',
  );
  return [
    { what: t('dashboard.uses.model'), how: model.name },
    {
      what: t('dashboard.uses.memory'),
      how: t('dashboard.uses.about', { size: formatBytes(model.needsBytes) }),
    },
    { what: t('dashboard.uses.processor'), how: cores },
    { what: t('dashboard.uses.network'), how: network },
    { what: t('dashboard.uses.port'), how: `${settings.apiPort || '–'} · ${reach}` },
  ];
}

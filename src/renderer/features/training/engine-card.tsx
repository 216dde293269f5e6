import { Cpu, Gpu } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrainingEngineInfo, TrainingStatus } from '#contract/training.ts';
import { act } from '../../lib/act.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';

/** What trains on this computer, and how it could train faster. */
export function EngineCard({ status }: { status: TrainingStatus }) {
  const { t } = useTranslation();
  const { engine, gpuEngine } = status;
  return (
    <Card title={t('training.engine.title')}>
      {engine ? <Engine engine={engine} /> : <p className="text-dim">{t('training.engine.notAsked')}</p>}
      <div className="mt-3 border-t border-line pt-3">
        <GpuEngine gpuEngine={gpuEngine} />
      </div>
    </Card>
  );
}

function Engine({ engine }: { engine: TrainingEngineInfo }) {
  const { t } = useTranslation();
  const Icon = engine.usesGpu ? Gpu : Cpu;
  return (
    <div className="flex items-start gap-2.5">
      <Icon size={18} aria-hidden className="mt-0.5 shrink-0 text-dim" />
      <div className="min-w-0">
        <p className="font-medium break-words">{engine.device}</p>
        <p className="text-xs text-dim">
          {t(`training.engine.names.${engine.name}`)} ·{' '}
          {t('training.engine.threads', { count: engine.threads })}
        </p>
      </div>
    </div>
  );
}

function GpuEngine({ gpuEngine: { state, detail } }: { gpuEngine: TrainingStatus['gpuEngine'] }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const install = async () => {
    setBusy(true);
    await act('training.installEngine', {});
    setBusy(false);
  };
  const canInstall = state === 'available' || state === 'failed';
  return (
    <div className="grid justify-items-start gap-2.5">
      {state === 'failed' ? (
        <div className="w-full">
          <ErrorNote
            error={{
              code: 'training/engine-install-failed',
              message: detail ?? t('training.engine.failed'),
            }}
          />
        </div>
      ) : (
        <p className="text-sm text-dim" role={state === 'installing' ? 'status' : undefined}>
          {t(`training.engine.gpu.${state}`)} {detail}
        </p>
      )}
      {canInstall && (
        <Button disabled={busy} onClick={install}>
          {t(state === 'failed' ? 'training.engine.again' : 'training.engine.install')}
        </Button>
      )}
    </div>
  );
}

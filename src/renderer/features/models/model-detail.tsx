import { useTranslation } from 'react-i18next';
import type { Model } from '#contract/model.ts';
import type { ErrorBody } from '#contract/result.ts';
import { formatBytes, formatTokens } from '../../lib/format.ts';
import { formatParameters } from '../../lib/format-parameters.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';

interface ModelDetailProps {
  model: Model;
  busy: boolean;
  error: ErrorBody | null;
  pinned: boolean;
  onServe(serve: boolean): void;
  onPin(pinned: boolean): void;
  onRemove(): void;
}

/** A model file in full, with what can be done with it. Removing asks once more, since it deletes the file. */
export function ModelDetail({ model, pinned, busy, error, onServe, onPin, onRemove }: ModelDetailProps) {
  const { t } = useTranslation();
  const facts: Fact[] = [
    { label: t('models.size'), value: formatBytes(model.sizeBytes) },
    { label: t('models.parameters'), value: formatParameters(model.parameters) },
    { label: t('models.quantization'), value: model.quantization ?? '–' },
    { label: t('models.architecture'), value: model.architecture },
    {
      label: t('models.trainedContext'),
      value: t('models.tokens', { tokens: formatTokens(model.contextLength) }),
    },
    { label: t('models.needs'), value: formatBytes(model.needsBytes) },
    { label: t('models.file'), value: model.path, copy: true },
  ];
  const canServe = model.fits && !model.problem && !model.served;
  return (
    <div className="flex flex-col gap-4">
      {error && <ErrorNote error={error} />}
      {model.problem && <ErrorNote error={model.problem} />}
      {!model.problem && !model.fits && <p className="text-sm text-warn">{t('models.tooLargeAdvice')}</p>}
      <Facts facts={facts} copyLabel={t('models.copy')} />
      <div className="flex flex-wrap gap-2">
        {canServe && (
          <Button disabled={busy} onClick={() => onServe(true)}>
            {t('models.serve')}
          </Button>
        )}
        {model.served && (
          <>
            <Button disabled={busy} onClick={() => onServe(false)}>
              {t('models.stopServing')}
            </Button>
            <Button disabled={busy} onClick={() => onPin(!pinned)}>
              {t(pinned ? 'models.unpin' : 'models.pin')}
            </Button>
          </>
        )}
        {!model.shipped && !model.served && (
          <Confirm
            trigger={<Button disabled={busy}>{t('models.remove')}</Button>}
            title={t('models.removeTitle')}
            text={t('models.removeQuestion', { name: model.name, size: formatBytes(model.sizeBytes) })}
            confirm={t('models.removeConfirm')}
            keep={t('models.keep')}
            onConfirm={onRemove}
          />
        )}
      </div>
      {model.shipped && <p className="text-xs text-dim">{t('models.shipped')}</p>}
      {model.served && <p className="text-xs text-dim">{t('models.servedAdvice')}</p>}
    </div>
  );
}

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Model } from '#contract/model.ts';
import type { ErrorBody } from '#contract/result.ts';
import { formatBytes, formatTokens } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { formatParameters } from './format-parameters.ts';

interface ModelDetailProps {
  model: Model;
  busy: boolean;
  error: ErrorBody | null;
  onServe(): void;
  onRemove(): void;
}

/** A model file in full, with what can be done with it. Removing asks once more, since it deletes the file. */
export function ModelDetail({ model, busy, error, onServe, onRemove }: ModelDetailProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
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
      {asking ? (
        <div
          role="alertdialog"
          aria-label={t('models.removeTitle')}
          className="flex flex-col gap-3 rounded-lg border border-line p-3"
        >
          <p className="text-sm">
            {t('models.removeQuestion', { name: model.name, size: formatBytes(model.sizeBytes) })}
          </p>
          <div className="flex gap-2">
            <Button disabled={busy} onClick={onRemove}>
              {t('models.removeConfirm')}
            </Button>
            <Button disabled={busy} onClick={() => setAsking(false)}>
              {t('models.keep')}
            </Button>
          </div>
        </div>
      ) : (
        <div className="flex gap-2">
          {canServe && (
            <Button disabled={busy} onClick={onServe}>
              {t('models.serve')}
            </Button>
          )}
          {!model.shipped && !model.served && (
            <Button disabled={busy} onClick={() => setAsking(true)}>
              {t('models.remove')}
            </Button>
          )}
        </div>
      )}
      {model.shipped && <p className="text-xs text-dim">{t('models.shipped')}</p>}
      {model.served && <p className="text-xs text-dim">{t('models.servedAdvice')}</p>}
    </div>
  );
}

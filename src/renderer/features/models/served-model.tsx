import { useTranslation } from 'react-i18next';
import type { Engine, Model } from '#contract/model.ts';
import { formatBytes, formatTokens } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { ErrorNote } from '../../ui/error-note.tsx';

/** A served model and its engine: the first thing one sees of the models. */
export function ServedModel({ engine, model }: { engine: Engine; model: Model | undefined }) {
  const { t } = useTranslation();
  const speed = useSignal('node.serving')?.tokensPerSecond;
  return (
    <section className="rounded-[10px] border border-line bg-panel px-[18px] py-4">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h2 className="text-xl font-semibold">{model?.name ?? engine.modelId}</h2>
        <p className="text-sm text-dim">{t(`models.engine.${engine.state}`)}</p>
      </div>
      {engine.state === 'loading' && <LoadProgress share={engine.loadProgress ?? 0} />}
      {engine.error && (
        <div className="mt-3">
          <ErrorNote error={engine.error} />
        </div>
      )}
      <dl className="mt-4 grid grid-cols-3 gap-x-6 gap-y-3 lg:grid-cols-6">
        {figuresOf(engine, speed).map(({ key, value }) => (
          <div key={key}>
            <dt className="text-xs text-dim">{t(`models.figures.${key}`)}</dt>
            <dd className="mt-0.5 font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** A figure that is not known yet is a dash. */
function figuresOf(engine: Engine, speed: number | undefined) {
  const memory = engine.memory;
  const count = (value: number | null | undefined) => (value == null ? '–' : formatTokens(value));
  return [
    { key: 'speed', value: speed === undefined ? '–' : formatTokens(Math.round(speed)) },
    { key: 'ram', value: memory ? formatBytes(memory.ramBytes) : '–' },
    { key: 'gpu', value: memory && memory.gpuBytes > 0 ? formatBytes(memory.gpuBytes) : '–' },
    { key: 'backend', value: engine.backend?.toUpperCase() ?? '–' },
    { key: 'context', value: count(engine.contextSize) },
    { key: 'parallel', value: count(engine.parallelRequests) },
  ] as const;
}

function LoadProgress({ share }: { share: number }) {
  const { t } = useTranslation();
  return (
    <progress
      aria-label={t('models.engine.loading')}
      value={share}
      max={1}
      className="mt-3 block h-2 w-full overflow-hidden rounded-full accent-accent"
    />
  );
}

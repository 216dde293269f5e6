import { useTranslation } from 'react-i18next';
import type { Benchmark } from '#contract/benchmark.ts';
import type { Engine, Model } from '#contract/model.ts';
import { inferenceFeeOf } from '#contract/money.ts';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import { formatAmount } from '../../lib/amount.ts';
import { formatBytes, formatTokens } from '../../lib/format.ts';
import { useUnit } from '../../lib/use-unit.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { MemoryMeter, type MeterPart } from '../../ui/memory-meter.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';

interface ServedModelProps {
  engine: Engine;
  model: Model | undefined;
  benchmark: Benchmark | undefined;
  resources: Resources | undefined;
  settings: Settings | undefined;
  work: 'measuring' | 'optimising' | null;
  busy: boolean;
  onMeasure(): void;
  onOptimise(): void;
}

/** A served model: its engine, what it takes of the machine's memory and how fast it is here. */
export function ServedModel(props: ServedModelProps) {
  const { engine, model, benchmark, resources } = props;
  const { t } = useTranslation();
  const unit = useUnit();
  return (
    <section className="rounded-[10px] border border-line bg-panel px-[18px] py-4">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h2 className="text-lg font-semibold">{model?.name ?? engine.modelId}</h2>
        {model && model.id !== model.name && <p className="text-xs text-dim">{model.id}</p>}
        <p className="text-sm text-dim">{t(`models.engine.${engine.state}`)}</p>
        <span className="grow" />
        {(props.work === 'optimising' || isDivisible(engine)) && (
          <Button size="small" disabled={props.busy} onClick={props.onOptimise}>
            {t(props.work === 'optimising' ? 'models.optimising' : 'models.optimise')}
          </Button>
        )}
        <Button size="small" disabled={props.busy} onClick={props.onMeasure}>
          {t(
            props.work === 'measuring'
              ? 'models.measuring'
              : benchmark
                ? 'models.measureAgain'
                : 'models.measure',
          )}
        </Button>
      </div>
      {engine.state === 'loading' && <LoadProgress share={engine.loadProgress ?? 0} />}
      {engine.error && (
        <div className="mt-3">
          <ErrorNote error={engine.error} />
        </div>
      )}
      {engine.memory && resources && (
        <div className="mt-2.5">
          <MemoryMeter
            label={t(onGpu(engine) ? 'models.onGpu' : 'models.inRam')}
            totalBytes={memoryTotal(engine, resources)}
            parts={memoryParts(engine, resources, model?.name ?? '', t)}
          />
        </div>
      )}
      <dl className="mt-3 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-6">
        {figuresOf(engine, benchmark).map(({ key, value }) => (
          <div key={key}>
            <dt className="text-xs text-dim">{t(`models.figures.${key}`)}</dt>
            <dd className="mt-0.5 font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
      {benchmark?.best && (
        <p className="mt-3 text-xs text-dim">
          {benchmark.best.processes === 1
            ? t('models.bestIsOne')
            : t('models.best', { ...benchmark.best, ratio: benchmark.best.ratio.toFixed(2) })}
        </p>
      )}
      {benchmark && props.settings && (
        <p className="mt-3 text-xs text-dim">
          {t('models.fullDay', {
            amount: formatAmount(fullDayLamports(benchmark, props.settings), unit),
            unit: unit.name,
          })}
        </p>
      )}
    </section>
  );
}

/** Only the processor's threads can be divided among processes. */
const isDivisible = ({ backend, threads }: Engine) => backend === 'cpu' && (threads ?? 0) > 1;

const secondsOfDay = 86_400;

/** What a day of writing with nothing else to do brings after the network's fee, at the prices that are set. */
function fullDayLamports({ decode }: Benchmark, { pricePerMillionTokensLamports }: Settings): bigint {
  const tokens = BigInt(Math.round((decode.at(-1)?.tokensPerSecond ?? 0) * secondsOfDay));
  const price = (tokens * BigInt(pricePerMillionTokensLamports)) / 1_000_000n;
  return price - inferenceFeeOf(price);
}

const onGpu = (engine: Engine) => (engine.memory?.gpuBytes ?? 0) > 0;

const memoryTotal = (engine: Engine, { gpus, ram }: Resources): number =>
  onGpu(engine) ? gpus.reduce((sum, { totalBytes }) => sum + totalBytes, 0) : ram.totalBytes;

function memoryParts(
  engine: Engine,
  { gpus, ram }: Resources,
  name: string,
  t: ReturnType<typeof useTranslation>['t'],
): MeterPart[] {
  const own = (onGpu(engine) ? engine.memory?.gpuBytes : engine.memory?.ramBytes) ?? 0;
  const used = onGpu(engine) ? gpus.reduce((sum, { usedBytes }) => sum + (usedBytes ?? 0), 0) : ram.usedBytes;
  const others = Math.max(0, used - own);
  const place = t(onGpu(engine) ? 'models.onGpu' : 'models.inRam');
  return [
    { key: 'own', label: `${name} ${formatBytes(own)} ${place}`, sizeBytes: own, color: 'accent' },
    {
      key: 'others',
      label: t('models.otherUse', { size: formatBytes(others) }),
      sizeBytes: others,
      color: 'dim',
    },
  ];
}

/** A figure that is not known yet is a dash. */
function figuresOf(engine: Engine, benchmark: Benchmark | undefined) {
  const count = (value: number | null | undefined) => (value == null ? '–' : formatTokens(value));
  const speed = (value: number | undefined) =>
    value === undefined ? '–' : `${formatTokens(Math.round(value))}/s`;
  const most = benchmark?.decode.at(-1);
  return [
    { key: 'alone', value: speed(benchmark?.decode[0]?.tokensPerSecond) },
    { key: 'together', value: most ? `${speed(most.tokensPerSecond)} · ${most.parallel}` : '–' },
    { key: 'prefill', value: speed(benchmark?.prefillTokensPerSecond) },
    { key: 'backend', value: engine.backend?.toUpperCase() ?? '–' },
    { key: 'context', value: count(engine.contextSize) },
    { key: 'parallel', value: count(engine.parallelRequests) },
  ] as const;
}

function LoadProgress({ share }: { share: number }) {
  const { t } = useTranslation();
  return (
    <div className="mt-3">
      <ProgressBar label={t('models.engine.loading')} value={share} max={1} />
    </div>
  );
}

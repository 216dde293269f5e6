import { type ComponentType, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ErrorBody } from '#contract/result.ts';
import type { SettingsPatch } from '#contract/settings.ts';
import { type AddressCheck, isUnpayable } from '#contract/wallet.ts';
import { client } from '../../lib/client.ts';
import { formatBytes } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field } from '../../ui/field.tsx';
import { NetworkChoice, type NetworkDraft, networkOf } from '../../ui/network-choice.tsx';
import { OptionCard } from '../../ui/option-card.tsx';

type Step = 'address' | 'network' | 'model';
const steps: readonly Step[] = ['address', 'network', 'model'];

/** Takes an address from a wallet. */
type TakeAddress = ComponentType<{ onAddress(address: string): void }>;

/** Three steps before the first start; each can be changed later under Settings. */
export function OnboardingPage({ takeAddress }: { takeAddress: TakeAddress }) {
  const { t } = useTranslation();
  const [step, setStep] = useState<Step>('address');
  const [chosen, setChosen] = useState<SettingsPatch>({});
  const [error, setError] = useState<ErrorBody | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // A new step is read out from its title.
  useEffect(() => {
    if (step) heading.current?.focus();
  }, [step]);

  const goTo = (following: Step) => {
    setError(null);
    setStep(following);
  };
  const next = (patch: SettingsPatch, following: Step) => {
    setChosen({ ...chosen, ...patch });
    goTo(following);
  };
  const finish = async (patch: SettingsPatch) => {
    const result = await client.request('settings.update', { ...chosen, ...patch, onboarded: true });
    if (!result.ok) setError(result.error);
  };

  return (
    <main className="grid min-h-screen place-items-center p-6">
      <Card className="w-full max-w-lg">
        <p className="text-xs text-dim">
          {t('onboarding.step', { step: steps.indexOf(step) + 1, count: steps.length })}
        </p>
        <h1 ref={heading} tabIndex={-1} className="mt-1 mb-1 text-xl font-semibold outline-none">
          {t(`onboarding.${step}.title`)}
        </h1>
        <p className="mb-4 text-dim">{t(`onboarding.${step}.text`)}</p>
        {step === 'address' && (
          <AddressStep
            known={chosen.payoutAddress ?? ''}
            TakeAddress={takeAddress}
            onError={setError}
            onNext={(payoutAddress) => next({ payoutAddress }, 'network')}
          />
        )}
        {step === 'network' && (
          <NetworkStep
            hasAddress={chosen.payoutAddress != null}
            onError={setError}
            onBack={() => goTo('address')}
            onNext={(network) => next({ network }, 'model')}
          />
        )}
        {step === 'model' && (
          <ModelStep onBack={() => goTo('network')} onFinish={(id) => finish({ servedModels: [id] })} />
        )}
        {error && (
          <div className="mt-4">
            <ErrorNote error={error} />
          </div>
        )}
      </Card>
    </main>
  );
}

interface StepProps<T> {
  onError(error: ErrorBody | null): void;
  onNext(value: T): void;
}

function AddressStep({
  known,
  TakeAddress,
  onError,
  onNext,
}: StepProps<string | null> & { known: string; TakeAddress: TakeAddress }) {
  const { t } = useTranslation();
  const [text, setText] = useState(known);
  /** An address that something speaks against; it takes a second press. */
  const [doubtful, setDoubtful] = useState<AddressCheck | null>(null);
  const change = (next: string) => {
    setText(next);
    setDoubtful(null);
    onError(null);
  };
  const check = async () => {
    const result = await client.request('wallet.check', { address: text });
    if (!result.ok) return onError(result.error);
    onError(null);
    if (result.data.warning && doubtful?.address !== result.data.address) setDoubtful(result.data);
    else onNext(result.data.address);
  };
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void check();
      }}
    >
      <Field
        label={t('onboarding.address.label')}
        hint={t('onboarding.address.hint')}
        value={text}
        onChange={(event) => change(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <div>
        <TakeAddress onAddress={change} />
      </div>
      {doubtful?.warning && (
        <p role="alert" className="rounded-lg border border-warn/45 px-3.5 py-2.5 text-sm">
          <strong className="font-medium text-warn">{t(`wallet.warning.${doubtful.warning}.title`)}</strong>
          <br />
          {t(`wallet.warning.${doubtful.warning}.text`)}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={() => onNext(null)}>{t('onboarding.skip')}</Button>
        <Button
          look="accent"
          type="submit"
          disabled={text.trim() === '' || isUnpayable(doubtful?.warning ?? null)}
        >
          {t(doubtful ? 'onboarding.address.anyway' : 'onboarding.next')}
        </Button>
      </div>
    </form>
  );
}

function NetworkStep({
  hasAddress,
  onError,
  onBack,
  onNext,
}: StepProps<NonNullable<SettingsPatch['network']>> & { hasAddress: boolean; onBack(): void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [draft, setDraft] = useState<NetworkDraft>({ kind: 'local', url: 'http://' });
  const check = async () => {
    const network = networkOf(draft);
    if (network.kind === 'local') return onNext(network);
    setBusy(true);
    const result = await client.request('network.check', { url: network.url });
    setBusy(false);
    if (result.ok) onNext(network);
    else onError(result.error);
  };
  const lacksAddress = draft.kind === 'gateway' && !hasAddress;
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void check();
      }}
    >
      <NetworkChoice
        draft={draft}
        legend={t('onboarding.network.title')}
        legendClass="sr-only"
        className=""
        onChange={setDraft}
      />
      {lacksAddress && <p className="text-warn">{t('onboarding.network.needsAddress')}</p>}
      <div className="flex justify-between">
        <Button onClick={onBack}>{t('onboarding.back')}</Button>
        <Button look="accent" type="submit" disabled={busy || lacksAddress}>
          {t('onboarding.next')}
        </Button>
      </div>
    </form>
  );
}

function ModelStep({ onBack, onFinish }: { onBack(): void; onFinish(id: string): void }) {
  const { t } = useTranslation();
  const models = useSignal('models.list');
  const fitting = models?.filter((model) => model.fits && !model.problem) ?? [];
  const [id, setId] = useState<string | null>(null);
  const wanted = id ?? fitting.find((model) => model.served)?.id ?? fitting[0]?.id;
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (wanted) onFinish(wanted);
      }}
    >
      <fieldset className="grid gap-2">
        <legend className="sr-only">{t('onboarding.model.title')}</legend>
        {fitting.map((model) => (
          <OptionCard
            key={model.id}
            group="model"
            title={model.name}
            text={t('onboarding.model.facts', {
              size: formatBytes(model.sizeBytes),
              needs: formatBytes(model.needsBytes),
            })}
            checked={wanted === model.id}
            onChoose={() => setId(model.id)}
          />
        ))}
      </fieldset>
      <div className="flex justify-between">
        <Button onClick={onBack}>{t('onboarding.back')}</Button>
        <Button look="accent" type="submit" disabled={!wanted}>
          {t('onboarding.finish')}
        </Button>
      </div>
    </form>
  );
}

import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { act } from '../../lib/act.ts';
import type { ShownUnit } from '../../lib/amount.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { PoleSlider } from '../../ui/pole-slider.tsx';
import { ModeLine } from './mode-line.tsx';
import { onlyKind } from './possible-work.ts';
import { SharePreviewView } from './share-preview.tsx';
import { useSharePreview } from './use-share-preview.ts';

const keyPauseMs = 700;

/** How the computer is shared between serving and training: the slider, what it would mean, and how it stands now. */
export function ShareSection({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const hybrid = useSignal('hybrid.status');
  const settings = useSignal('settings.current');
  const models = useSignal('models.list');
  const training = useSignal('training.status');
  if (!hybrid || !settings) return null;
  const only = onlyKind({ hybrid, settings, models, training });
  return (
    <section aria-label={t('hybrid.title')} className="mt-4 border-t border-line pt-3.5">
      {only ? (
        <p className="text-sm">
          {t(`hybrid.only.${only.code}`)}{' '}
          <a href={`#/${only.page}`} className="text-link underline underline-offset-2">
            {t(`hybrid.only.open.${only.page}`)}
          </a>
        </p>
      ) : (
        <ShareSlider settings={settings} unit={unit} />
      )}
      <ModeLine hybrid={hybrid} />
    </section>
  );
}

function ShareSlider({ settings, unit }: { settings: Settings; unit: ShownUnit }) {
  const { t } = useTranslation();
  const { takePartInTraining: takesPart } = settings;
  const stored = takesPart ? settings.trainingSharePercent : 0;
  const [draft, setDraft] = useState<number | null>(null);
  const [asksToTakePart, setAsksToTakePart] = useState(false);
  const keyTimer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(keyTimer.current), []);
  // The thumb stays where it was let go until that is what is stored.
  useEffect(() => setDraft((known) => (known === stored ? null : known)), [stored]);
  const share = draft ?? stored;
  const preview = useSharePreview(share, takesPart);

  const store = async (trainingSharePercent: number) => {
    const result = await act('settings.update', { trainingSharePercent, takePartInTraining: true });
    setAsksToTakePart(false);
    if (!result.ok) setDraft(null);
  };
  const settle = (next: number) => {
    if (next === stored) {
      setAsksToTakePart(false);
      setDraft(null);
    } else if (takesPart) void store(next);
    else setAsksToTakePart(true);
  };
  return (
    <>
      <div className="flex justify-between gap-3 text-sm">
        <span>
          <strong className="font-semibold">{t('hybrid.serving')}</strong>{' '}
          <span className="text-xs text-dim">{100 - share} %</span>
        </span>
        <span>
          <span className="text-xs text-dim">{share} %</span>{' '}
          <strong className="font-semibold">{t('hybrid.training')}</strong>
        </span>
      </div>
      <PoleSlider
        label={t('hybrid.slider')}
        value={share}
        step={5}
        largeStep={20}
        valueText={(value) => t('hybrid.sliderValue', { training: value, serving: 100 - value })}
        onMove={(next) => {
          clearTimeout(keyTimer.current);
          setDraft(next);
        }}
        onSettle={(next, byKey) => {
          clearTimeout(keyTimer.current);
          if (byKey) keyTimer.current = setTimeout(() => settle(next), keyPauseMs);
          else settle(next);
        }}
      />
      {asksToTakePart && draft !== null && draft > 0 && (
        <div className="mt-1.5 flex flex-wrap items-center gap-2 rounded-lg bg-panel-2 px-3 py-2">
          <p role="status" className="me-auto min-w-52 flex-1 text-sm">
            {t('hybrid.takePart.text', { percent: draft })}
          </p>
          <Button size="small" look="accent" onClick={() => void store(draft)}>
            {t('hybrid.takePart.yes')}
          </Button>
          <Button
            size="small"
            onClick={() => {
              setAsksToTakePart(false);
              setDraft(null);
            }}
          >
            {t('hybrid.takePart.no')}
          </Button>
        </div>
      )}
      <SharePreviewView preview={preview} sharePercent={share} unit={unit} />
    </>
  );
}

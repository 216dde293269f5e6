import { Menu } from '@base-ui/react/menu';
import { ChevronDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';

interface PauseButtonProps {
  onPause(forMinutes?: number): void;
  /** The operator wants to say how long. */
  onCustom(): void;
}

/** Pauses at once, or opens the other ways to pause. */
export function PauseButton({ onPause, onCustom }: PauseButtonProps) {
  const { t } = useTranslation();
  const item = 'cursor-pointer rounded-md px-3 py-1.5 text-sm outline-none data-[highlighted]:bg-panel-2';
  return (
    <div className="flex">
      <Button className="rounded-r-none" onClick={() => onPause()}>
        {t('dashboard.pause')}
      </Button>
      <Menu.Root>
        <Menu.Trigger
          render={
            <Button className="rounded-l-none border-l-0 px-2.5" aria-label={t('dashboard.pauseMore')} />
          }
        >
          <ChevronDown size={16} aria-hidden />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner align="end" sideOffset={6}>
            <Menu.Popup className="rounded-[10px] border border-line bg-panel p-1 text-text shadow-lg outline-none">
              <Menu.Item className={item} onClick={() => onPause(60)}>
                {t('dashboard.pauseHour')}
              </Menu.Item>
              <Menu.Item className={item} onClick={() => onPause(untilTomorrowMinutes())}>
                {t('dashboard.pauseTomorrow')}
              </Menu.Item>
              <Menu.Item className={item} onClick={onCustom}>
                {t('hybrid.pauseCustom')}
              </Menu.Item>
              <Menu.Item className={item} onClick={() => onPause()}>
                {t('dashboard.pauseOpen')}
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </div>
  );
}

const untilTomorrowMinutes = () => {
  const tomorrow = new Date();
  tomorrow.setHours(24, 0, 0, 0);
  return Math.max(1, Math.round((tomorrow.getTime() - Date.now()) / 60_000));
};

import { Autocomplete } from '@base-ui/react/autocomplete';
import { X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { act } from '../../lib/act.ts';
import { client } from '../../lib/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

/** Programs while which run the node rests; new ones are picked from those that run now, or typed. */
export function ExclusiveApps({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const apps = settings.exclusiveApps;
  const [text, setText] = useState('');
  const [running, setRunning] = useState<string[]>([]);
  const isKnown = (name: string) => apps.some((app) => app.toLowerCase() === name.toLowerCase());
  const look = async () => {
    const answer = await client.request('resources.programs', {});
    if (answer.ok) setRunning(answer.data);
  };
  const add = async (name: string) => {
    const trimmed = name.trim();
    setText('');
    if (trimmed !== '' && !isKnown(trimmed))
      await act('settings.update', { exclusiveApps: [...apps, trimmed] });
  };
  const remove = (name: string) =>
    void act('settings.update', { exclusiveApps: apps.filter((app) => app !== name) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void add(text);
  };
  return (
    <Card title={t('settings.exclusiveApps.title')}>
      <p className="text-sm text-dim">{t('settings.exclusiveApps.text')}</p>
      {apps.length > 0 && (
        <ul aria-label={t('settings.exclusiveApps.title')} className="mt-3 flex flex-wrap gap-1.5">
          {apps.map((app) => (
            <li
              key={app}
              className="inline-flex max-w-full items-center gap-1 rounded-full border border-line bg-panel-2 py-0.5 ps-3 pe-1 text-sm"
            >
              <span className="truncate">{app}</span>
              <button
                type="button"
                aria-label={t('manners.apps.remove', { name: app })}
                onClick={() => remove(app)}
                className="cursor-pointer rounded-full p-1 text-dim hover:text-text focus-visible:outline-2 focus-visible:outline-accent"
              >
                <X size={13} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={submit} className="mt-3 flex gap-2">
        <Autocomplete.Root
          items={running.filter((name) => !isKnown(name))}
          value={text}
          openOnInputClick
          onOpenChange={(open) => open && void look()}
          onValueChange={(next, { reason }) => (reason === 'item-press' ? void add(next) : setText(next))}
        >
          <Autocomplete.Input
            aria-label={t('manners.apps.name')}
            placeholder={t('manners.apps.placeholder')}
            onFocus={() => void look()}
            className="w-full min-w-0 rounded-lg border border-line bg-ground px-3 py-1.5 text-sm focus-visible:outline-2 focus-visible:outline-accent"
          />
          <Autocomplete.Portal>
            <Autocomplete.Positioner sideOffset={6} className="z-30 w-(--anchor-width)">
              <Autocomplete.Popup className="max-h-64 overflow-y-auto rounded-[10px] border border-line bg-panel p-1 text-sm text-text shadow-lg">
                <Autocomplete.Empty className="px-3 py-1.5 text-dim empty:hidden">
                  {t('manners.apps.none')}
                </Autocomplete.Empty>
                <Autocomplete.List>
                  {(name: string) => (
                    <Autocomplete.Item
                      key={name}
                      value={name}
                      className="cursor-pointer truncate rounded-md px-3 py-1.5 outline-none data-[highlighted]:bg-panel-2"
                    >
                      {name}
                    </Autocomplete.Item>
                  )}
                </Autocomplete.List>
              </Autocomplete.Popup>
            </Autocomplete.Positioner>
          </Autocomplete.Portal>
        </Autocomplete.Root>
        <Button type="submit" disabled={text.trim() === ''}>
          {t('manners.apps.add')}
        </Button>
      </form>
    </Card>
  );
}

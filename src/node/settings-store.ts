import { existsSync, readFileSync, renameSync } from 'node:fs';
import { AppError } from '#contract/errors.ts';
import {
  contradiction,
  defaultSettings,
  type Settings,
  type SettingsPatch,
  settingsSchema,
} from '#contract/settings.ts';
import { createSignal, type Signal } from './signal.ts';
import { storeDocument } from './stored-document.ts';

export interface SettingsStore {
  current: Signal<Settings>;
  /** Set when the stored file could not be read and was put aside; the defaults are then in use. */
  unreadable: AppError | null;
  /** Stores the patch whole or throws `settings/invalid`, `disk/full` and changes nothing. */
  update(patch: SettingsPatch): Settings;
}

export function openSettings(file: string): SettingsStore {
  let unreadable: AppError | null = null;
  let stored: Settings = defaultSettings;
  if (existsSync(file)) {
    try {
      stored = settingsSchema.parse({
        ...defaultSettings,
        ...upToDate(JSON.parse(readFileSync(file, 'utf8'))),
      });
    } catch (cause) {
      const aside = `${file}.unreadable-${Date.now()}`;
      renameSync(file, aside);
      unreadable = new AppError(
        'settings/unreadable',
        `The settings file was not readable; it is now ${aside}.`,
        {
          cause,
          data: { path: aside },
        },
      );
    }
  }
  const current = createSignal(stored);
  return {
    current,
    unreadable,
    update(patch) {
      const wanted = { ...current.get(), ...patch };
      const fault = contradiction(wanted);
      if (fault) throw new AppError('settings/invalid', fault.message, { data: { field: fault.field } });
      const next = storeDocument(file, settingsSchema, wanted);
      current.set(next);
      return next;
    },
  };
}

/** One model was served before there were several. */
function upToDate({ servedModel, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return servedModel === undefined ? rest : { servedModels: [servedModel], ...rest };
}

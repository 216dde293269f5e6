import { copyFileSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { AppError } from '#contract/errors.ts';
import {
  contradiction,
  defaultSettings,
  type Settings,
  type SettingsPatch,
  settingsSchema,
} from '#contract/settings.ts';
import { createSignal, type Signal } from './signal.ts';
import { soundSettings } from './sound-settings.ts';
import { storeDocument } from './stored-document.ts';

export interface SettingsStore {
  current: Signal<Settings>;
  /** Set when the stored file could not be read, or not all of it: it is kept aside, and the defaults are in use for the rest. */
  unreadable: AppError | null;
  /** Stores the patch whole or throws `settings/invalid`, `disk/full` and changes nothing. */
  update(patch: SettingsPatch): Settings;
}

export function openSettings(file: string): SettingsStore {
  let unreadable: AppError | null = null;
  let stored: Settings = defaultSettings;
  if (existsSync(file)) {
    const aside = `${file}.unreadable-${Date.now()}`;
    const fault = (message: string, cause?: unknown) =>
      new AppError('settings/unreadable', message, { cause, data: { path: aside } });
    try {
      const { settings, leftOut } = soundSettings(JSON.parse(readFileSync(file, 'utf8')));
      stored = settings;
      if (leftOut.length > 0) {
        unreadable = fault(
          `Not all settings could be used (${leftOut.join(', ')}); the file is kept as ${aside}.`,
        );
        keepSound(file, aside, settings);
      }
    } catch (cause) {
      renameSync(file, aside);
      unreadable = fault(`The settings file was not readable; it is now ${aside}.`, cause);
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

/** So that it is said once. Where the disk takes nothing the file stays, and is read so again. */
function keepSound(file: string, aside: string, settings: Settings): void {
  try {
    copyFileSync(file, aside);
    storeDocument(file, settingsSchema, settings);
  } catch {
    // What holds now is in use all the same.
  }
}

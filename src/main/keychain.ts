import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, safeStorage } from 'electron';

/** Encrypted with a key of the system's keychain; null where there is none that deserves the name. */
export interface Keychain {
  read(): Record<string, string>;
  write(secrets: Record<string, string>): void;
}

/** The providers' keys, for the node host. Call it when the app is ready. */
export function openKeychain(): Keychain | null {
  if (!safeStorage.isEncryptionAvailable()) return null;
  // Linux without a keyring encrypts with a password that everybody knows.
  if (process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text') return null;
  const file = join(app.getPath('userData'), 'secrets.bin');
  let isUnreadable = false;
  return {
    read() {
      if (!existsSync(file)) return {};
      try {
        return JSON.parse(safeStorage.decryptString(readFileSync(file)));
      } catch {
        isUnreadable = true;
        return {};
      }
    },
    write(secrets) {
      // What another keyring has encrypted is for its owner to throw away.
      if (isUnreadable) renameSync(file, `${file}.unreadable`);
      isUnreadable = false;
      writeFileSync(`${file}.new`, safeStorage.encryptString(JSON.stringify(secrets)), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}

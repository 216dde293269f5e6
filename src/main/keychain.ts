import { readFileSync, writeFileSync } from 'node:fs';
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
  return {
    read() {
      try {
        return JSON.parse(safeStorage.decryptString(readFileSync(file)));
      } catch {
        return {};
      }
    },
    write: (secrets) =>
      writeFileSync(file, safeStorage.encryptString(JSON.stringify(secrets)), { mode: 0o600 }),
  };
}

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';

/** The key with which the operator's own programs use the node's API. */
export interface ApiKey {
  get(): string;
  renew(): string;
}

export function openApiKey(file: string): ApiKey {
  let key = read(file) ?? write(file);
  return {
    get: () => key,
    renew() {
      key = write(file);
      return key;
    },
  };
}

function read(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^slm-[\w-]{43}$/.test(text) ? text : null;
  } catch {
    return null;
  }
}

function write(file: string): string {
  const key = `slm-${randomBytes(32).toString('base64url')}`;
  writeFileAtomic.sync(file, `${key}\n`, { mode: 0o600 });
  return key;
}

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files named after the sha256 of what they hold. */
export interface StoredBlobs {
  /** Writes to a temporary file and renames it. Returns the lower-case hex sha256. */
  put(bytes: Uint8Array): string;
  /** Null when there is no such file, or when it no longer holds what its name says. */
  read(sha256: string): Buffer | null;
  remove(sha256: string): void;
}

export function openStoredBlobs(folder: string): StoredBlobs {
  mkdirSync(folder, { recursive: true });
  const pathOf = (sha256: string) => join(folder, sha256);
  function read(sha256: string): Buffer | null {
    if (!/^[0-9a-f]{64}$/.test(sha256) || !existsSync(pathOf(sha256))) return null;
    const bytes = readFileSync(pathOf(sha256));
    return hash(bytes) === sha256 ? bytes : null;
  }

  return {
    read,
    put(bytes) {
      const sha256 = hash(bytes);
      if (read(sha256)) return sha256;
      const path = pathOf(sha256);
      const temporary = `${path}.${randomUUID()}`;
      writeFileSync(temporary, bytes, { flush: true });
      renameSync(temporary, path);
      return sha256;
    },
    remove: (sha256) => rmSync(pathOf(sha256), { force: true }),
  };
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export const asFloat32 = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);
export const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);
export const asFloat64 = (bytes: Uint8Array) => new Float64Array(new Uint8Array(bytes).buffer);

import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { readWhole } from '../stored-document.ts';
import { type SigningKey, signingKey } from './ed25519.ts';

export interface NodeKey extends SigningKey {
  nodeId: string;
}

/** The node's own key, made on the first start and kept in a file that only its user reads. It can sign, never pay. */
export function openNodeKey(file: string): NodeKey {
  if (!existsSync(file)) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileAtomic.sync(file, pem, { mode: 0o600 });
  }
  const key = readWhole(file, signingKey);
  return { ...key, nodeId: `slm-${key.publicKey.slice(0, 16)}` };
}

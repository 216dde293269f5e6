import { readFileSync, statSync } from 'node:fs';
import { Keypair } from '@solana/web3.js';
import { z } from 'zod';

const keyFileSchema = z.array(z.int().min(0).max(255)).length(64);

/** Reads a key file as solana-keygen writes it. Throws a sentence when it is none, or others than its user may read it. */
export function openTreasury(file: string): Keypair {
  let text: string;
  try {
    const { mode } = statSync(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new Error(`the treasury’s key file ${file} can be read by others; run: chmod 600 ${file}`);
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith('the treasury')) throw cause;
    throw new Error(`the treasury’s key file ${file} cannot be read`, { cause });
  }
  const parsed = keyFileSchema.safeParse(safeJson(text));
  if (!parsed.success) throw new Error(`${file} is no key file: it wants a JSON array of 64 numbers`);
  try {
    return Keypair.fromSecretKey(Uint8Array.from(parsed.data));
  } catch (cause) {
    throw new Error(`${file} is no key file: its two halves do not fit`, { cause });
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

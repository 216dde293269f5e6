import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { AppError } from '#contract/errors.ts';

/** Lines that are only ever added. */
export interface PrivacyJournal {
  lines(): string[];
  /** On the disk when it returns. Throws `disk/full` or `training/privacy-ledger`; then the line was not added. */
  append(line: string): void;
}

/** A file that only its user reads. A last line without its end was never confirmed to anybody and is cut off. */
export function openPrivacyJournal(file: string): PrivacyJournal {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = text.split('\n').slice(0, -1);
  let sizeBytes = Buffer.byteLength(lines.map((line) => `${line}\n`).join(''));
  return {
    lines: () => [...lines],
    append(line) {
      const bytes = Buffer.from(`${line}\n`);
      try {
        const descriptor = openSync(file, existsSync(file) ? 'r+' : 'wx', 0o600);
        try {
          ftruncateSync(descriptor, sizeBytes);
          for (let done = 0; done < bytes.length; )
            done += writeSync(descriptor, bytes, done, bytes.length - done, sizeBytes + done);
          fsyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
          throw new AppError('disk/full', 'What was spent could not be written down: the disk is full.', {
            cause,
          });
        throw new AppError('training/privacy-ledger', 'What was spent could not be written down.', { cause });
      }
      sizeBytes += bytes.length;
      lines.push(line);
    },
  };
}

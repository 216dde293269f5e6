import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PageFile {
  body: Uint8Array;
  type: string;
}

/** The page that asks the wallet, and what it loads by name. */
export interface PageFiles {
  index: PageFile;
  named: Record<string, PageFile>;
}

/** Reads the page as `build/wallet-page.vite.config.ts` makes it. */
export function readPageFiles(dir: string): PageFiles {
  const file = (name: string, type: string) => ({ body: readFileSync(join(dir, name)), type });
  return {
    index: file('index.html', 'text/html; charset=utf-8'),
    named: {
      'page.js': file('page.js', 'text/javascript; charset=utf-8'),
      'page.css': file('page.css', 'text/css; charset=utf-8'),
    },
  };
}

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron/main';

// Loads the app whose folder is the first plain argument, as Electron's own default app does.
const folder = resolve(process.argv.slice(1).find((argument) => !argument.startsWith('-')) ?? '.');
const { version, productName, name, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
process.defaultApp = true;
app.setVersion(version);
app.name = productName ?? name;
app.setAppPath(folder);
try {
  // Electron is not ready until this module has been evaluated: what must come before that still can.
  await import(pathToFileURL(join(folder, main)).href);
} catch (error) {
  console.error(error);
  process.exit(1);
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, BrowserWindow, dialog } from 'electron';
import { quitState } from './quit-state.ts';
import { pagesOrigin } from './security.ts';
import { texts } from './texts.ts';

interface WindowState {
  width: number;
  height: number;
  x?: number;
  y?: number;
  saidThatClosingKeepsEarning?: boolean;
}

/** The one window: remembers its place, and closing it hides it while the node goes on. */
export function setupWindow(): BrowserWindow {
  const file = join(app.getPath('userData'), 'window.json');
  const state = readState(file);
  const window = new BrowserWindow({
    width: state.width,
    height: state.height,
    ...(state.x === undefined || state.y === undefined ? {} : { x: state.x, y: state.y }),
    minWidth: 900,
    minHeight: 600,
    show: false,
    backgroundColor: '#0e1116',
    webPreferences: {
      preload: join(app.getAppPath(), 'out', 'preload', 'index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
    },
  });
  window.once('ready-to-show', () => window.show());
  const keep = () => {
    Object.assign(state, window.getNormalBounds());
    try {
      writeFileSync(file, JSON.stringify(state));
    } catch {
      // Where it is not written the next window opens where the last one that was written did.
    }
  };
  window.on('close', (event) => {
    keep();
    if (quitState.isQuitting) return;
    event.preventDefault();
    window.hide();
    if (state.saidThatClosingKeepsEarning) return;
    state.saidThatClosingKeepsEarning = true;
    keep();
    void dialog.showMessageBox({ message: texts.closedTitle, detail: texts.closedText, buttons: [texts.ok] });
  });
  app.on('second-instance', () => window.show());
  app.on('activate', () => window.show());
  void window.loadURL(process.env.ELECTRON_RENDERER_URL ?? `${pagesOrigin}/index.html`);
  return window;
}

function readState(file: string): WindowState {
  const standard = { width: 1280, height: 800 };
  if (!existsSync(file)) return standard;
  try {
    const stored: Partial<WindowState> = JSON.parse(readFileSync(file, 'utf8'));
    return { ...standard, ...stored };
  } catch {
    return standard;
  }
}

import { app, type BrowserWindow, Menu, nativeImage, Tray } from 'electron';
import type { StreamData } from '#contract/streams.ts';
import locale from '#locales/en.json' with { type: 'json' };
import type { NodeHost } from './node-host.ts';
import { texts } from './texts.ts';

/** A violet disc of 16 pixels, drawn here so that the tray needs no file. */
function trayImage() {
  const size = 16;
  const pixels = Buffer.alloc(size * size * 4);
  for (let y = 0; y < size; y += 1)
    for (let x = 0; x < size; x += 1)
      if ((x - 7.5) ** 2 + (y - 7.5) ** 2 < 49) pixels.set([0xf5, 0x5c, 0x7c, 0xff], (y * size + x) * 4);
  return nativeImage.createFromBitmap(pixels, { width: size, height: size });
}

export function setupTray(host: NodeHost, window: BrowserWindow): void {
  const tray = new Tray(trayImage());
  const show = (state: StreamData<'node.status'>['state']['state']) => {
    const word = locale.state[state];
    tray.setToolTip(`${app.getName()}: ${word}`);
    const call = (name: string) => () => void host.request(name, {});
    const isOn = state !== 'stopped' && state !== 'not-set-up';
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: word, enabled: false },
        { label: texts.open, click: () => window.show() },
        { type: 'separator' },
        { label: locale.dashboard.start, enabled: state === 'stopped', click: call('node.start') },
        state === 'paused'
          ? { label: locale.dashboard.resume, click: call('node.resume') }
          : { label: locale.dashboard.pause, enabled: state === 'earning', click: call('node.pause') },
        { label: locale.dashboard.stop, enabled: isOn, click: call('node.stop') },
        { type: 'separator' },
        { label: texts.quit, click: () => app.quit() },
      ]),
    );
  };
  show('stopped');
  tray.on('click', () => window.show());
  host.onState(({ state }) => {
    if (state !== 'running') show(state === 'failed' ? 'problem' : 'starting');
  });
  host.subscribe('node.status', (status) => show((status as StreamData<'node.status'>).state.state));
}

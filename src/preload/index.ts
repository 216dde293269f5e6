import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { Bridge } from '#contract/bridge.ts';

type Listener = (data: unknown) => void;
const listeners = new Map<number, Listener>();
let nextId = 1;

ipcRenderer.on('contract:publish', (_event, id: number, data: unknown) => listeners.get(id)?.(data));

const bridge: Bridge = {
  request: (name, input) => ipcRenderer.invoke('contract:request', name, input),
  subscribe(name, listener) {
    const id = nextId++;
    listeners.set(id, listener);
    ipcRenderer.send('contract:subscribe', id, name);
    return () => {
      listeners.delete(id);
      ipcRenderer.send('contract:unsubscribe', id);
    };
  },
  pathOfFile: (file) => (file instanceof File ? webUtils.getPathForFile(file) : ''),
};
contextBridge.exposeInMainWorld('bridge', bridge);

import { powerMonitor } from 'electron';
import type { NodeHost } from './node-host.ts';

const intervalMs = 15_000;
/** Without a key or a move of the mouse for so long, nobody sits here. */
const awayAfterSeconds = 300;

/** Tells the host whether somebody uses the computer: it leaves them more of the GPU's memory. */
export function setupPresence(host: NodeHost): void {
  const tell = () => host.tellPresence(powerMonitor.getSystemIdleTime() < awayAfterSeconds);
  tell();
  setInterval(tell, intervalMs);
}

import { powerMonitor } from 'electron';
import type { NodeHost } from './node-host.ts';

const intervalMs = 5000;

/** What the shell knows of who sits here and how the computer is fed. Unknown is null. */
export interface Presence {
  idleSeconds: number | null;
  onBattery: boolean | null;
  thermalState: 'nominal' | 'fair' | 'serious' | 'critical' | null;
  isLocked: boolean;
}

/** Tells the host who sits here: every few seconds, and at once when power, heat or the lock change. */
export function setupPresence(host: NodeHost): void {
  let isLocked = false;
  const tell = () => host.tellPresence(presence(isLocked));
  const lock = (locked: boolean) => () => {
    isLocked = locked;
    tell();
  };
  powerMonitor.on('on-battery', tell);
  powerMonitor.on('on-ac', tell);
  powerMonitor.on('resume', tell);
  powerMonitor.on('thermal-state-change', tell);
  powerMonitor.on('lock-screen', lock(true));
  powerMonitor.on('unlock-screen', lock(false));
  tell();
  setInterval(tell, intervalMs);
}

function presence(isLocked: boolean): Presence {
  const idleSeconds = powerMonitor.getSystemIdleTime();
  // Only macOS tells of heat; elsewhere it is unknown.
  const heat = process.platform === 'darwin' ? powerMonitor.getCurrentThermalState() : 'unknown';
  return {
    idleSeconds: Number.isFinite(idleSeconds) && idleSeconds >= 0 ? idleSeconds : null,
    onBattery: powerMonitor.isOnBatteryPower(),
    thermalState: heat === 'unknown' ? null : heat,
    isLocked,
  };
}

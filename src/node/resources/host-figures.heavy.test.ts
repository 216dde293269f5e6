import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHostProcess } from '#testing/host-process.ts';

test('the shell tells who sits there, and the host what its electricity costs', async () => {
  const profileDir = mkdtempSync(join(tmpdir(), 'figures-'));
  const host = await startHostProcess(profileDir);
  const word = { idleSeconds: 7, onBattery: true, thermalState: 'fair', isLocked: false };
  const telling = setInterval(() => host.child.send({ type: 'presence', word }), 200);
  try {
    const { surroundings } = await host.until(
      'resources.current',
      (reading) => reading.surroundings.thermalState === 'fair',
    );
    expect(surroundings).toMatchObject({ onBattery: true, idleSeconds: 7 });
    await host.call('settings.update', { assumedWatts: 250, powerMicroUsdPerKwh: 400_000 });
    const balance = await host.until(
      'resources.power',
      ({ costMicroUsdPerHour }) => costMicroUsdPerHour !== null,
    );
    if (balance.source === 'assumed')
      expect(balance).toMatchObject({ watts: 250, costMicroUsdPerHour: 100_000 });
    expect(balance.earnedMicroUsdPerHour).toBeNull();
    expect(await host.call('resources.energy', { days: 7 })).toEqual([]);
    expect(await host.call('resources.programs', {})).toContain('node');
  } finally {
    clearInterval(telling);
    await host.shutdown();
    rmSync(profileDir, { recursive: true, force: true });
  }
}, 60_000);

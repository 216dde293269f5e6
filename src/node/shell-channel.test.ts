import { expect, test } from 'vitest';
import { watchPresence } from './shell-channel.ts';

test('the shell’s word counts while it is fresh; one that is no word does not', () => {
  let now = 1000;
  const word = watchPresence(() => now);
  const tell = (message: unknown) => void process.emit('message', message, undefined);
  expect(word()).toBeNull();
  tell({ type: 'presence', word: { idleSeconds: 12, onBattery: true, thermalState: null, isLocked: false } });
  expect(word()).toEqual({ idleSeconds: 12, onBattery: true, thermalState: null, isLocked: false });
  tell({ type: 'presence', word: { idleSeconds: -1, onBattery: 'yes' } });
  tell({ type: 'presence' });
  expect(word()?.idleSeconds).toBe(12);
  now += 61_000;
  expect(word()).toBeNull();
});

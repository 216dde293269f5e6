import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createRecordedMachine, recorded } from '#testing/recorded-machine.ts';
import {
  defaultInterface,
  defaultInterface6,
  parseNetDev,
  parseNetstat,
  parseRouteGet,
  ratesBetween,
} from './interface-rates.ts';
import { createNetworkProbe } from './network.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('the default interface is the one of the cheapest way out', () => {
  expect(defaultInterface(recorded('proc-net-route-two-defaults.txt'))).toBe('eth0');
  expect(defaultInterface6(recorded('proc-net-ipv6-route-wifi.txt'))).toBe('wlan0');
  expect(parseRouteGet(recorded('route-macos-15-default-wifi.txt'))).toBe('en0');
  expect([
    defaultInterface(null),
    defaultInterface('Iface\n'),
    defaultInterface6(null),
    parseRouteGet(''),
  ]).toEqual([null, null, null, null]);
});

test('its counters on Linux and macOS', () => {
  expect(parseNetDev(recorded('proc-net-dev-ethernet.txt'), 'eth0')).toEqual({
    name: 'eth0',
    receivedBytes: 1_000_000,
    sentBytes: 500_000,
  });
  const netstat = recorded('netstat-macos-15-wifi.txt');
  expect(parseNetstat(netstat, 'en0')).toEqual({
    name: 'en0',
    receivedBytes: 61022334455,
    sentBytes: 4022334455,
  });
  // A tunnel has no address in its row.
  expect(parseNetstat(netstat, 'utun3')).toEqual({ name: 'utun3', receivedBytes: 0, sentBytes: 380 });
  expect(parseNetDev(recorded('proc-net-dev-ethernet.txt'), 'eth1')).toBeNull();
});

test('a counter that begins anew, or another interface, makes no rate', () => {
  const at = (receivedBytes: number, name = 'eth0') => ({ name, receivedBytes, sentBytes: 10 });
  const unknown = { receivedBytesPerSecond: null, sentBytesPerSecond: null };
  expect(ratesBetween(at(1000), at(5000), 2000)).toEqual({
    receivedBytesPerSecond: 2000,
    sentBytesPerSecond: 0,
  });
  expect(ratesBetween(at(5000), at(1000), 2000)).toEqual({
    receivedBytesPerSecond: null,
    sentBytesPerSecond: 0,
  });
  expect(ratesBetween(at(1), at(2, 'wlan0'), 2000)).toEqual(unknown);
  expect(ratesBetween(at(1), at(2), 0)).toEqual(unknown);
  expect(ratesBetween(at(0), at(2 ** 52), 2000).receivedBytesPerSecond).toBeNull();
});

test('a reading has the rate since the one before', async () => {
  const time = createFakeClock();
  const { machine, files } = createRecordedMachine({
    files: {
      '/proc/net/route': recorded('proc-net-route-two-defaults.txt'),
      '/proc/net/dev': recorded('proc-net-dev-ethernet.txt'),
    },
  });
  const probe = createNetworkProbe({ machine, clock: time.clock, windows: () => null });
  probe.rates();
  await turn();
  expect(probe.rates().receivedBytesPerSecond).toBeNull();
  time.advance(2000);
  files['/proc/net/dev'] = recorded('proc-net-dev-ethernet.txt').replace('1000000', '1240000');
  expect(probe.rates()).toEqual({ receivedBytesPerSecond: 120_000, sentBytesPerSecond: 0 });
  files['/proc/net/dev'] = 'garbage';
  time.advance(2000);
  expect(probe.rates()).toEqual({ receivedBytesPerSecond: null, sentBytesPerSecond: null });
});

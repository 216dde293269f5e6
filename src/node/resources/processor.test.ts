import { expect, test } from 'vitest';
import { createRecordedMachine } from '#testing/recorded-machine.ts';
import {
  cpuTimesOf,
  findCpuSensor,
  loadBetween,
  packageWatts,
  readCpuTemp,
  readPackageEnergy,
} from './processor.ts';

const hwmon = '/sys/class/hwmon/hwmon';

test('the temperature is the package’s, by whichever sensor the processor has', () => {
  const ryzen = createRecordedMachine({
    files: {
      [`${hwmon}0/name`]: 'nvme\n',
      [`${hwmon}0/temp1_input`]: '41850\n',
      [`${hwmon}2/name`]: 'k10temp\n',
      [`${hwmon}2/temp1_input`]: '58250\n',
      [`${hwmon}2/temp1_label`]: 'Tctl\n',
      [`${hwmon}2/temp3_input`]: '51000\n',
      [`${hwmon}2/temp3_label`]: 'Tccd1\n',
    },
  }).machine;
  expect(readCpuTemp(ryzen, findCpuSensor(ryzen))).toBe(58.25);
  const core = createRecordedMachine({
    files: {
      [`${hwmon}4/name`]: 'coretemp\n',
      [`${hwmon}4/temp2_input`]: '49000\n',
      [`${hwmon}4/temp2_label`]: 'Core 0\n',
      [`${hwmon}4/temp1_input`]: '55000\n',
      [`${hwmon}4/temp1_label`]: 'Package id 0\n',
    },
  }).machine;
  expect(readCpuTemp(core, findCpuSensor(core))).toBe(55);
  const board = createRecordedMachine({
    files: {
      '/sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
      '/sys/class/thermal/thermal_zone0/temp': '47236\n',
    },
  }).machine;
  expect(readCpuTemp(board, findCpuSensor(board))).toBe(47.236);
});

test('a sensor that is broken, absent or gone gives no temperature', () => {
  const { machine, files } = createRecordedMachine({
    files: { [`${hwmon}0/name`]: 'coretemp', [`${hwmon}0/temp1_input`]: '300000\n' },
  });
  const sensor = findCpuSensor(machine);
  const read = (text: string) => {
    files[`${hwmon}0/temp1_input`] = text;
    return readCpuTemp(machine, sensor);
  };
  expect(['300000', '-40000', '0', 'NaN', ''].map(read)).toEqual([null, null, null, null, null]);
  delete files[`${hwmon}0/temp1_input`];
  expect(readCpuTemp(machine, sensor)).toBeNull();
  expect(findCpuSensor(createRecordedMachine({}).machine)).toBeNull();
});

test('the power of two packages, also when a counter begins anew', () => {
  const zone = (index: number) => `/sys/class/powercap/intel-rapl:${index}`;
  const { machine, files } = createRecordedMachine({
    files: {
      [`${zone(0)}/name`]: 'package-0\n',
      [`${zone(0)}/energy_uj`]: '1000000\n',
      [`${zone(0)}/max_energy_range_uj`]: '262143328850\n',
      [`${zone(1)}/name`]: 'package-1\n',
      [`${zone(1)}/energy_uj`]: '262143000000\n',
      [`${zone(1)}/max_energy_range_uj`]: '262143328850\n',
      '/sys/class/powercap/intel-rapl:0:0/name': 'core\n',
      '/sys/class/powercap/intel-rapl:0:0/energy_uj': '5\n',
    },
  });
  const before = readPackageEnergy(machine);
  files[`${zone(0)}/energy_uj`] = '121000000\n';
  files[`${zone(1)}/energy_uj`] = '59671150\n';
  expect(packageWatts(before, readPackageEnergy(machine), 2000)).toBeCloseTo(60 + 30, 1);
  expect(packageWatts(new Map(), new Map(), 2000)).toBeNull();
  expect(packageWatts(before, readPackageEnergy(machine), 0)).toBeNull();
});

test('load is the share of all cores that was not idle', () => {
  const core = (user: number, idle: number) => ({ times: { user, nice: 0, sys: 0, idle, irq: 0 } });
  const before = cpuTimesOf([core(100, 100), core(100, 100)]);
  expect(loadBetween(before, cpuTimesOf([core(200, 100), core(100, 200)]))).toBe(0.5);
  expect(loadBetween(before, before)).toBeNull();
  expect(loadBetween(before, cpuTimesOf([core(100, 100)]))).toBeNull();
});

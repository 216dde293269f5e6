import { addGaussianNoise } from '#node/training/privacy/gaussian-noise.ts';
import { createKeystream } from '#node/training/privacy/keystream.ts';
import { spread } from './statistics.ts';

const samples = 1_660_000;

/** Gaussian noise on as many weights as MNIST's network has, in millions of samples a second of CPU time. */
export function measureNoise() {
  const keystream = createKeystream();
  const values = new Float32Array(samples);
  const readings: number[] = [];
  for (let repeat = 0; repeat < 12; repeat += 1) {
    const before = process.cpuUsage();
    addGaussianNoise(values, 1, keystream);
    const { user, system } = process.cpuUsage(before);
    // The first two warm the compiler up.
    if (repeat >= 2) readings.push(samples / (user + system));
  }
  return { millionPerSecond: spread(readings), goalMillionPerSecond: 20 };
}

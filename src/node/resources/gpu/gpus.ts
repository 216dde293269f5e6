import type { EngineVram } from '#contract/model.ts';
import type { Gpu } from '#contract/resources.ts';
import type { Clock } from '../../clock.ts';
import type { GraphicsCard, Machine } from '../machine.ts';
import { known, paced } from '../paced.ts';
import { type DrmCard, type EnergyMark, listDrmCards, readDrmCard } from './drm-cards.ts';
import { vendorOf, withEngineWord } from './engine-word.ts';
import { createNvidiaProbe } from './nvidia.ts';
import { cardName, parseRocmSmi, rocmSmiArgs } from './rocm-smi.ts';
import { appleShareBytes, parseAccelerators } from './unified-memory.ts';

const cardsEveryMs = 2000;
const listEveryMs = 60_000;
const graphicsEveryMs = 60 * 60_000;
const rocmEveryMs = 120_000;
const acceleratorsEveryMs = 10_000;
const firstLimitMs = 5000;

export interface GpuProbe {
  /** Those that are known now, the ones with memory first. */
  gpus(): Gpu[];
  /** Resolves when it is known which there are, at the latest after 5 s. */
  first(): Promise<void>;
  refresh(): Promise<void>;
  dispose(): void;
}

/** Every GPU of this computer, by what its system and its driver have for it. */
export function createGpuProbe(parts: {
  machine: Machine;
  clock: Clock;
  isOurs(pid: number): boolean;
  /** What the engine that runs on a GPU says of its memory. */
  engineWord(): EngineVram | null;
}): GpuProbe {
  const { machine, clock } = parts;
  const nvidia = createNvidiaProbe(parts);
  const energy = new Map<string, EnergyMark | null>();
  let lastWord: EngineVram | null = null;

  /** Asked once: it starts programs. */
  const graphics = paced<GraphicsCard[]>({
    clock,
    everyMs: graphicsEveryMs,
    unknown: [],
    read: () => machine.graphics(),
  });
  const drmCards = paced<DrmCard[]>({
    clock,
    everyMs: listEveryMs,
    unknown: [],
    read: async () => listDrmCards(machine),
    isWanted: () => machine.platform === 'linux',
  });
  const drm = paced<Gpu[]>({
    clock,
    everyMs: cardsEveryMs,
    unknown: [],
    async read() {
      const gpus: Gpu[] = [];
      for (const card of drmCards()) {
        const before = energy.get(card.path) ?? null;
        const reading = await readDrmCard(machine, card, nameOf(card), { before, at: clock.now() });
        energy.set(card.path, reading?.energy ?? null);
        if (reading) gpus.push(reading.gpu);
      }
      return gpus;
    },
    isWanted: () => drmCards().length > 0,
  });
  /** A container may have the tool and not the kernel's files. */
  const rocm = paced<Gpu[]>({
    clock,
    everyMs: rocmEveryMs,
    unknown: [],
    read: async () => known(parseRocmSmi(await machine.run('rocm-smi', rocmSmiArgs, 10_000))),
    isWanted: () => machine.platform === 'linux' && !drmCards().some(({ vendor }) => vendor === 'amd'),
  });
  const accelerators = paced<ReturnType<typeof parseAccelerators>>({
    clock,
    everyMs: acceleratorsEveryMs,
    unknown: { load: null, usedBytes: null },
    read: async () =>
      parseAccelerators(
        await machine.run('ioreg', ['-r', '-d', '1', '-w', '0', '-c', 'IOAccelerator'], 3000),
      ),
    isWanted: () => machine.platform === 'darwin',
  });

  function nameOf(card: DrmCard): string {
    const named = graphics()
      .find(({ busAddress }) => isSameBus(busAddress, card.busAddress))
      ?.model.trim();
    if (card.vendor === 'amd') return cardName(named || null);
    return named ? (/intel/i.test(named) ? named : `Intel ${named}`) : 'Intel Graphics';
  }

  /** Where no tool tells more than that there is one. */
  function named(): Gpu[] {
    if (machine.platform === 'linux') return [];
    return graphics().flatMap((card): Gpu[] => {
      const vendor = vendorOf(`${card.vendor} ${card.model}`);
      if (vendor === 'other' || (vendor === 'nvidia' && machine.platform === 'win32')) return [];
      const isUnified = vendor === 'apple' || (vendor === 'intel' && card.memoryBytes === null);
      const { load, usedBytes } = accelerators();
      const totalBytes = vendor === 'apple' ? appleShareBytes(machine.ramBytes) : (card.memoryBytes ?? 0);
      return [
        {
          id: card.busAddress ?? card.model,
          vendor,
          name: card.model,
          totalBytes,
          usedBytes: vendor === 'apple' && usedBytes !== null && usedBytes <= totalBytes ? usedBytes : null,
          isUnified,
          load: vendor === 'apple' ? load : null,
          tempC: null,
          powerWatts: null,
          powerLimitWatts: null,
          fanPercent: null,
          driverVersion: null,
          processes: null,
        },
      ];
    });
  }

  async function nvidiaFirst(): Promise<void> {
    nvidia.gpus();
    await nvidia.first;
  }

  /** Each of these is asked for what the one before has found. */
  async function cardsFirst(): Promise<void> {
    for (const reading of machine.platform === 'linux' ? [drmCards, drm] : [graphics]) {
      reading();
      await reading.settled();
    }
  }

  return {
    gpus() {
      const word = parts.engineWord();
      // What a GPU has does not change with what is loaded; what is taken does.
      lastWord = word ?? (lastWord && { ...lastWord, usedBytes: null });
      const found = [...nvidia.gpus(), ...drm(), ...rocm(), ...named()];
      return withEngineWord(found, lastWord).sort((one, other) => rank(one) - rank(other));
    },
    async first() {
      const limit = Promise.withResolvers<void>();
      const timer = setTimeout(limit.resolve, firstLimitMs);
      await Promise.race([Promise.all([nvidiaFirst(), cardsFirst()]), limit.promise]);
      clearTimeout(timer);
    },
    refresh: nvidia.refresh,
    dispose: nvidia.dispose,
  };
}

/** The ones with memory of their own come first: what is said of “the GPU” is said of the first one. */
const rank = (gpu: Gpu): number => (gpu.totalBytes === 0 ? 2 : gpu.isUnified ? 1 : 0);

/** `01:00.0` and `0000:01:00.0` are one place. */
function isSameBus(one: string | null, other: string | null): boolean {
  if (!one || !other) return false;
  const short = (address: string) => address.toLowerCase().replace(/^[\da-f]{4,8}:(?=[\da-f]{2}:)/, '');
  return short(one) === short(other);
}

import { AppError } from '#contract/errors.ts';
import type { Reservation } from '#contract/hybrid.ts';
import type { Clock } from '../clock.ts';
import type { Memory } from '../inference/pool-policy.ts';
import { createSignal, type Signal } from '../signal.ts';
import {
  excessOf,
  type Held,
  type MemoryOwner,
  type MemoryPlan,
  type Placed,
  place,
  release,
  resize,
  roomFor,
  type WorkKind,
} from './memory-plan.ts';

export interface ReservationRequest extends Memory {
  owner: MemoryOwner;
  /** What a person calls it. */
  name: string;
}

/** One reservation, for whom it was made. */
export interface Reserved {
  readonly id: string;
  /** Throws `resources/no-room` for more than there is room for. */
  resize(memory: Memory): void;
  /** What is really taken, in bytes; null where nothing measures it. */
  measured(used: { ramBytes: number | null; gpuBytes: number | null }): void;
  /** May be called again. */
  release(): void;
}

/** All memory that the node's work takes, of both engines: nothing is loaded without a reservation. */
export interface MemoryLedger {
  reservations: Signal<Reservation[]>;
  /** Throws `resources/no-room`, whose data name what would have to go, and its size. */
  reserve(request: ReservationRequest): Reserved;
  /** What could still be reserved. */
  room(owner: MemoryOwner): Memory;
  ceiling(): Memory;
  /** Takes effect for what is reserved from now on; what is above it then is told by `excess`. */
  setLimits(limits: { ceiling?: Memory; allowance?: Record<WorkKind, Memory> }): void;
  /** What has to go now that a limit has come down, in this order. */
  excess(): Held[];
}

export const unlimited: Memory = {
  ramBytes: Number.MAX_SAFE_INTEGER,
  gpuBytes: Number.MAX_SAFE_INTEGER,
};

/** Holds the plan; each change is one synchronous step, so that two that ask at once never get the same bytes. */
export function createMemoryLedger(options: { ceiling: Memory; clock: Clock }): MemoryLedger {
  let plan: MemoryPlan = {
    ceiling: options.ceiling,
    allowance: { inference: unlimited, training: unlimited },
    held: [],
  };
  const used = new Map<string, { ramBytes: number | null; gpuBytes: number | null }>();
  const reservations = createSignal<Reservation[]>([]);
  let count = 0;

  function publish(): void {
    reservations.set(
      plan.held.map((one) => ({
        ...one,
        usedRamBytes: used.get(one.id)?.ramBytes ?? null,
        usedGpuBytes: used.get(one.id)?.gpuBytes ?? null,
      })),
    );
  }

  function take(placed: Placed, wanted: ReservationRequest): void {
    if (!placed.isPlaced) throw noRoom(wanted, placed);
    plan = placed.plan;
    publish();
  }

  return {
    reservations,
    reserve(request) {
      count += 1;
      const id = `${request.owner}-${count}`;
      const { owner, name, ramBytes, gpuBytes } = request;
      const since = options.clock.now();
      take(place(plan, { id, owner, name, ramBytes, gpuBytes, since }), request);
      return {
        id,
        resize: (memory) => take(resize(plan, id, memory), { ...request, ...memory }),
        measured(now) {
          if (!plan.held.some((one) => one.id === id)) return;
          used.set(id, now);
          publish();
        },
        release() {
          used.delete(id);
          plan = release(plan, id);
          publish();
        },
      };
    },
    room: (owner) => roomFor(plan, owner),
    ceiling: () => plan.ceiling,
    setLimits(limits) {
      plan = { ...plan, ...limits };
    },
    excess: () => excessOf(plan),
  };
}

function noRoom(
  { name, ramBytes, gpuBytes }: ReservationRequest,
  { room, wouldGo }: Extract<Placed, { isPlaced: false }>,
): AppError {
  const isGpu = gpuBytes > room.gpuBytes;
  const kind = isGpu ? 'GPU memory' : 'memory';
  const size = (memory: Memory) => megabytes(isGpu ? memory.gpuBytes : memory.ramBytes);
  const goes = wouldGo.map((one) => `“${one.name}” (${size(one)})`).join(', ');
  return new AppError(
    'resources/no-room',
    `“${name}” needs ${size({ ramBytes, gpuBytes })} of ${kind}; ${size(room)} are left. ${
      goes ? `What would have to go: ${goes}.` : 'Letting go of what is loaded would not be enough.'
    }`,
    {
      retryAfterSeconds: 30,
      data: {
        needsBytes: isGpu ? gpuBytes : ramBytes,
        freeBytes: isGpu ? room.gpuBytes : room.ramBytes,
        wouldGo: wouldGo.map((one) => ({
          owner: one.owner,
          name: one.name,
          ramBytes: one.ramBytes,
          gpuBytes: one.gpuBytes,
        })),
      },
    },
  );
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { storeDocument } from '../stored-document.ts';

const storeEveryMs = 60_000;
const channels = ['net.client.socket', 'net.server.socket'];
const monthSchema = z.strictObject({ month: z.string(), bytes: z.number().min(0) });

/** What a connection has moved, as far as it was counted. */
interface Counted {
  bytes: number;
  isOfThisComputer: boolean | null;
}

export interface OwnTraffic {
  /** Bytes sent and received this local calendar month. */
  monthBytes(): number;
  dispose(): void;
}

/**
 * Counts what this process moves over TCP with other computers, both ways: fetches, downloads, gateway, providers, requests that are
 * served. Within encryption, so without its few percent, and without what TCP and names' look-ups add; not what installs an engine.
 * Connections within this computer are none.
 */
export function countOwnTraffic(file: string, clock: Clock): OwnTraffic {
  const open = new Map<Socket, Counted>();
  let { month, bytes } = readStored(file) ?? { month: monthOf(clock.now()), bytes: 0 };
  let stored = bytes;
  let storedAt = clock.now();

  function count(socket: Socket, counted: Counted): void {
    counted.isOfThisComputer ??= isOfThisComputer(socket);
    const moved = socket.bytesRead + socket.bytesWritten;
    if (counted.isOfThisComputer === false) bytes += Math.max(0, moved - counted.bytes);
    // A connection of which it isn't known yet where to has moved nothing.
    if (counted.isOfThisComputer !== null) counted.bytes = moved;
  }

  function opened(message: unknown): void {
    const { socket } = message as { socket: Socket };
    const counted: Counted = { bytes: 0, isOfThisComputer: null };
    open.set(socket, counted);
    socket.once('connect', () => {
      counted.isOfThisComputer ??= isOfThisComputer(socket);
    });
    socket.once('close', () => {
      count(socket, counted);
      open.delete(socket);
    });
  }

  function total(): number {
    for (const [socket, counted] of open) count(socket, counted);
    const now = clock.now();
    const thisMonth = monthOf(now);
    if (thisMonth !== month) {
      month = thisMonth;
      bytes = 0;
    }
    if (Math.abs(now - storedAt) >= storeEveryMs) store(now);
    return bytes;
  }

  function store(now: number): void {
    storedAt = now;
    if (bytes === stored) return;
    try {
      storeDocument(file, monthSchema, { month, bytes });
      stored = bytes;
    } catch {
      // A full disk must not stop the readings; it is tried again.
    }
  }

  for (const channel of channels) subscribe(channel, opened);
  return {
    monthBytes: total,
    dispose() {
      total();
      store(clock.now());
      for (const channel of channels) unsubscribe(channel, opened);
    },
  };
}

/** Null while it is not connected; a pipe has no address and stays so. */
function isOfThisComputer(socket: Socket): boolean | null {
  const { remoteAddress: remote, localAddress: local } = socket;
  if (!remote) return null;
  return remote === local || /^(127\.|::1$|::ffff:127\.)/.test(remote);
}

/** The local calendar month, `2026-01`. */
export function monthOf(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${`${date.getMonth() + 1}`.padStart(2, '0')}`;
}

function readStored(file: string): z.infer<typeof monthSchema> | null {
  try {
    return existsSync(file) ? monthSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  } catch {
    return null;
  }
}

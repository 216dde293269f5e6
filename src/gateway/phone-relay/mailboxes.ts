import { createHash, timingSafeEqual } from 'node:crypto';
import type { PhoneSlot } from '#contract/settlement/phone-mail.ts';

export const mailboxMs = 10 * 60_000;
export const mostSealedBytes = 32 * 1024;
const mostMailboxes = 1000;

interface Mailbox {
  /** SHA-256 of what each end shows: what the relay keeps opens nothing. */
  app: Buffer;
  phone: Buffer;
  until: number;
  slots: Partial<Record<PhoneSlot, Uint8Array>>;
}

/** Who may put what, and who may read it. */
const writer: Record<PhoneSlot, 'app' | 'phone'> = { question: 'app', answer: 'phone', verdict: 'app' };
const reader: Record<PhoneSlot, 'app' | 'phone'> = { question: 'phone', answer: 'app', verdict: 'phone' };

export interface Mailboxes {
  /** HTTP's status: 201, 409 where there is one of this id, 503 where there are too many. */
  create(id: string, tokens: { app: string; phoneSha256: string }, question: Uint8Array): number;
  /** 200 with what lies there, 204 before it does, 401, or 404 where there is no such mailbox, or none any more. */
  read(id: string, slot: PhoneSlot, token: string): { status: number; sealed?: Uint8Array };
  /** 201, 401, 404, or 409 where something else lies there. */
  write(id: string, slot: PhoneSlot, token: string, sealed: Uint8Array): number;
  /** 204, 401 or 404. */
  remove(id: string, token: string): number;
  /** Of all mailboxes, those whose time is over. */
  forgetOld(): void;
}

/** Sealed questions and answers, each slot written once, in memory and for ten minutes. `now` in unix ms. */
export function createMailboxes(now: () => number): Mailboxes {
  const boxes = new Map<string, Mailbox>();

  function forgetOld(): void {
    // The oldest come first.
    for (const [id, { until }] of boxes) {
      if (until > now()) return;
      boxes.delete(id);
    }
  }
  function open(id: string, end: 'app' | 'phone', token: string): Mailbox | 401 | 404 {
    forgetOld();
    const box = boxes.get(id);
    if (!box) return 404;
    return timingSafeEqual(sha256(token), box[end]) ? box : 401;
  }

  return {
    create(id, { app, phoneSha256 }, question) {
      forgetOld();
      if (boxes.has(id)) return 409;
      if (boxes.size >= mostMailboxes) return 503;
      const phone = Buffer.from(phoneSha256, 'hex');
      boxes.set(id, { app: sha256(app), phone, until: now() + mailboxMs, slots: { question } });
      return 201;
    },
    read(id, slot, token) {
      const box = open(id, reader[slot], token);
      if (typeof box === 'number') return { status: box };
      const sealed = box.slots[slot];
      return sealed ? { status: 200, sealed } : { status: 204 };
    },
    write(id, slot, token, sealed) {
      const box = open(id, writer[slot], token);
      if (typeof box === 'number') return box;
      const known = box.slots[slot];
      // A try whose answer was lost on its way is repeated, by browsers too.
      if (known) return Buffer.from(known).equals(sealed) ? 201 : 409;
      box.slots[slot] = sealed;
      return 201;
    },
    remove(id, token) {
      const box = open(id, 'app', token);
      if (typeof box === 'number') return box;
      boxes.delete(id);
      return 204;
    },
    forgetOld,
  };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

import { type PhoneMail, type PhoneSlot, phoneMail } from '#contract/settlement/phone-mail.ts';
import type { WalletPageQuestion, WalletPageReply } from '#contract/wallet.ts';

/** What the app says to an answer; `sent`: it is on its way, and nobody has said how it ended. */
export type Verdict =
  | { kind: 'taken' | 'expired' | 'sent' }
  | { kind: 'refused'; message?: string | undefined };

/** How this page reaches the app. */
export interface Channel {
  isPhone: boolean;
  /** Four digits that the app shows too; null on its own computer. */
  code: string | null;
  /** Null where the link is no longer good. */
  question(): Promise<WalletPageQuestion | null>;
  answer(reply: WalletPageReply): Promise<Verdict>;
  /** The page has done its work; reloading asks nothing again. */
  forget(): void;
}

const againMs = 1000;
const withinMs = 60_000;

/** The channel that the link speaks of: `#t=` is a token of the app's own server, `#s=` the secret of a mailbox at a relay. */
export async function openChannel(): Promise<Channel> {
  const id = location.pathname.split('/')[2] ?? '';
  const given = new URLSearchParams(location.hash.slice(1));
  // It leaves the address bar; the tab keeps it, so that reloading asks again.
  const keep = (name: 't' | 's') => {
    const key = `${name}-${id}`;
    const value = given.get(name);
    if (value) sessionStorage.setItem(key, value);
    return sessionStorage.getItem(key);
  };
  const [token, secret] = [keep('t'), keep('s')];
  history.replaceState(null, '', location.pathname);
  const forget = () => {
    sessionStorage.removeItem(`t-${id}`);
    sessionStorage.removeItem(`s-${id}`);
  };
  return secret ? relayChannel(id, await phoneMail(id, secret), forget) : appChannel(id, token ?? '', forget);
}

/** The app's own server on this computer. */
function appChannel(id: string, token: string, forget: () => void): Channel {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const call = (init: RequestInit) => fetch(`/api/${id}`, { headers, ...init }).catch(() => null);
  return {
    isPhone: false,
    code: null,
    async question() {
      const response = await call({ method: 'GET' });
      return response?.ok ? response.json() : null;
    },
    async answer(reply) {
      const response = await call({ method: 'POST', body: JSON.stringify(reply) });
      if (!response || response.status === 410 || response.status === 404) return { kind: 'expired' };
      return response.ok ? { kind: 'taken' } : verdictOf(await response.json().catch(() => null));
    },
    forget,
  };
}

/** A mailbox at the relay that serves this page. */
function relayChannel(id: string, mail: PhoneMail, forget: () => void): Channel {
  const headers = { authorization: `Bearer ${mail.token}` };

  /** Asks again while the phone's network or the relay is away, and while nothing lies there yet; null: it stayed so. */
  async function call(slot: PhoneSlot, init: RequestInit = {}) {
    const until = Date.now() + withinMs;
    while (Date.now() < until) {
      const response = await fetch(`/mail/${id}/${slot}`, { headers, ...init }).catch(() => null);
      const body = await response?.arrayBuffer().catch(() => null);
      const isDue = !response || !body || [204, 429].includes(response.status) || response.status >= 500;
      if (!isDue) return { status: response.status, body: new Uint8Array(body) };
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
    return null;
  }
  async function read(slot: 'question' | 'verdict'): Promise<unknown> {
    const found = await call(slot);
    const text = found?.status === 200 ? await mail.open(slot, found.body) : null;
    return text === null ? null : JSON.parse(text);
  }
  return {
    isPhone: true,
    code: mail.code,
    question: async () => (await read('question')) as WalletPageQuestion | null,
    async answer(reply) {
      const body = await mail.seal('answer', JSON.stringify(reply));
      const put = await call('answer', { method: 'PUT', body });
      if (put?.status !== 201) return { kind: 'expired' };
      const verdict = await read('verdict');
      return verdict === null ? { kind: 'sent' } : verdictOf(verdict);
    },
    forget,
  };
}

/** From the app's `Result`. */
function verdictOf(result: unknown): Verdict {
  const { ok, error } = (result ?? {}) as { ok?: boolean; error?: { message?: string } };
  return ok ? { kind: 'taken' } : { kind: 'refused', message: error?.message };
}

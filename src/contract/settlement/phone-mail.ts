/** What lies in a phone's mailbox at a relay: the app's question, the wallet's answer, and what the app says to that. */
export type PhoneSlot = 'question' | 'answer' | 'verdict';

/** What both ends of a mailbox get from the secret in its link. Whoever has not the link can neither read nor exchange what lies there. */
export interface PhoneMail {
  /** Shows the relay that a phone has the link; 32 bytes as hex. */
  token: string;
  /** Four digits that app and page show: a question that comes by somebody else's link shows none that the app does. */
  code: string;
  /** 12 bytes of nonce, then the text under AES-256-GCM (NIST SP 800-38D). */
  seal(slot: PhoneSlot, text: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Null for what was not sealed with this secret, for this slot of this mailbox. */
  open(slot: PhoneSlot, sealed: Uint8Array<ArrayBuffer>): Promise<string | null>;
}

const nonceBytes = 12;
const encoder = new TextEncoder();

/** Derives a mailbox's keys from its link (HKDF-SHA256, RFC 5869). `secret` has 256 random bits. */
export async function phoneMail(id: string, secret: string): Promise<PhoneMail> {
  const { subtle } = crypto;
  const root = await subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, [
    'deriveKey',
    'deriveBits',
  ]);
  const salt = encoder.encode(`solanalm-phone-v1\n${id}`);
  const part = (info: string) => ({ name: 'HKDF', hash: 'SHA-256', salt, info: encoder.encode(info) });
  const cipher = { name: 'AES-GCM', length: 256 };
  const [key, token, code] = await Promise.all([
    subtle.deriveKey(part('seal'), root, cipher, false, ['encrypt', 'decrypt']),
    subtle.deriveBits(part('token'), root, 256),
    subtle.deriveBits(part('code'), root, 32),
  ]);
  const parameters = (slot: PhoneSlot, iv: Uint8Array<ArrayBuffer>) => ({
    name: 'AES-GCM',
    iv,
    additionalData: encoder.encode(slot),
  });
  return {
    token: Array.from(new Uint8Array(token), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    code: String(new DataView(code).getUint32(0) % 10_000).padStart(4, '0'),
    async seal(slot, text) {
      const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
      const sealed = await subtle.encrypt(parameters(slot, nonce), key, encoder.encode(text));
      const whole = new Uint8Array(nonceBytes + sealed.byteLength);
      whole.set(nonce);
      whole.set(new Uint8Array(sealed), nonceBytes);
      return whole;
    },
    async open(slot, sealed) {
      const nonce = sealed.slice(0, nonceBytes);
      try {
        const text = await subtle.decrypt(parameters(slot, nonce), key, sealed.slice(nonceBytes));
        return new TextDecoder('utf-8', { fatal: true }).decode(text);
      } catch {
        return null;
      }
    },
  };
}

/** The page that a phone opens. The secret stands in the fragment, which browsers do not send to the relay. */
export const phonePageUrl = (relayOrigin: string, id: string, secret: string): string =>
  `${relayOrigin}/w/${id}#s=${secret}`;

/**
 * Opens a page in Phantom's own browser (docs.phantom.com, “Browse”). On a phone without Phantom it is a request to phantom.app, which then
 * sees the page's link: that is why the app asks whose address has answered.
 */
export const phantomLink = (pageUrl: string): string =>
  `https://phantom.app/ul/browse/${encodeURIComponent(pageUrl)}?ref=${encodeURIComponent(new URL(pageUrl).origin)}`;

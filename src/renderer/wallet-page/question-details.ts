import type { WalletQuestion } from '#contract/wallet.ts';
import en from '#locales/en.json' with { type: 'json' };
import { bytesOfBase64 } from '../lib/wallet/base64.ts';
import { element } from './layout.ts';

const words = en.walletPage;

/** What is asked, in words, and behind it the very text that will be signed. */
export function details(question: WalletQuestion): HTMLElement[] {
  const parts = [element('p', question.summary)];
  if (question.op === 'signIn') {
    const { statement, resources, expirationTime } = question.request;
    const lines = [statement, ...resources, expirationTime].filter(Boolean);
    parts.push(exactly(words.whatIsSigned, lines.join('\n'), false));
  }
  if (question.op === 'signMessage') {
    parts.push(exactly(words.whatIsSigned, textOf(question.message), true), account(question.address));
  }
  if (question.op === 'signTransaction') {
    const { cluster, address } = question;
    parts.unshift(element('div', words.cluster[cluster], `chip ${cluster}`));
    parts.push(account(address), element('p', words.sentByApp, 'dim'));
  }
  return parts;
}

function account(address: string): HTMLElement {
  const line = element('p', `${words.account} `);
  line.append(element('code', address));
  return line;
}

function exactly(title: string, text: string, open: boolean): HTMLElement {
  const box = element('details') as HTMLDetailsElement;
  box.open = open;
  box.append(element('summary', title), element('pre', text));
  return box;
}

function textOf(base64: string): string {
  const bytes = bytesOfBase64(base64);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  }
}

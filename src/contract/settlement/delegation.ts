import { AppError } from '../errors.ts';
import {
  type Delegation,
  delegationDays,
  delegationScope,
  nodeIdResource,
  nodeKeyResource,
  type SignIn,
} from '../wire/delegation.ts';
import { exactBase64, verifyBytes } from './ed25519.ts';
import { parseSignInText, wrongLine } from './sign-in-text.ts';

const dayMs = 86_400_000;
const clockSkewMs = 300_000;

/** Who is to act for a wallet, and where. */
export interface DelegatedNode {
  /** base58. */
  nodeKey: string;
  nodeId: string;
  /** As `URL.origin` writes it. */
  gatewayOrigin: string;
}

/** What a wallet is asked to sign in with, but for its domain and address; `now` in unix ms, `nonce` of 8 letters or more. */
export function delegationRequest(node: DelegatedNode, now: number, nonce: string) {
  return {
    statement: 'Let this SolanaLM node register, report and hand in receipts. It may not move money.',
    uri: node.gatewayOrigin,
    version: '1',
    nonce,
    issuedAt: new Date(now).toISOString(),
    expirationTime: new Date(now + delegationDays * dayMs).toISOString(),
    resources: resourcesOf(node),
  } satisfies Omit<SignIn, 'domain' | 'address'>;
}

/**
 * Checks a wallet's word for a node's key: signed, in force, at most 30 days long, for this node and gateway, with just our scope.
 * `relays` are origins whose page may ask a wallet on a phone. `now`, and the instants that are returned, are unix ms. Throws `wallet/bad-delegation` that says what, or which line, is wrong.
 */
export function checkDelegation(
  delegation: Delegation,
  expected: DelegatedNode & { now: number; relays?: readonly string[] },
): { address: string; issuedAt: number; expiresAt: number } {
  const bytes = exactBase64(delegation.signed_message);
  const text = bytes && utf8(bytes);
  if (bytes == null || text == null) throw bad('The signed message is not text.');
  const signIn = parseSignInText(text);
  const lines = text.split('\n');
  const wrong = (start: string, why: string) => {
    const at = lines.findIndex((line) => line.startsWith(start));
    return at < 0 ? bad(`The line “${start.trim()}” is missing.`) : wrongLine(at + 1, lines[at] ?? '', why);
  };

  if (signIn.address !== delegation.address)
    throw wrongLine(2, signIn.address, `is not the address ${delegation.address}`);
  if (!isOurDomain(signIn.domain, [expected.gatewayOrigin, ...(expected.relays ?? [])]))
    throw wrongLine(
      1,
      lines[0] ?? '',
      'names a page that is neither on this computer nor the gateway’s or a relay’s that it knows',
    );
  if (signIn.version !== '1') throw wrong('Version: ', 'is not version 1');
  const issuedAt = Date.parse(signIn.issuedAt ?? '');
  const expiresAt = Date.parse(signIn.expirationTime ?? '');
  if (!(issuedAt <= expected.now + clockSkewMs)) throw wrong('Issued At: ', 'lies in the future');
  if (!(expiresAt > expected.now)) throw wrong('Expiration Time: ', 'is past');
  if (expiresAt - issuedAt > delegationDays * dayMs)
    throw wrong('Expiration Time: ', `is more than ${delegationDays} days after it was issued`);
  if (signIn.notBefore !== undefined && Date.parse(signIn.notBefore) > expected.now)
    throw wrong('Not Before: ', 'lies in the future');

  const wanted = resourcesOf(expected);
  const given = signIn.resources ?? [];
  const extra = given.find(
    (resource, index) => !wanted.includes(resource) || given.indexOf(resource) < index,
  );
  if (extra !== undefined) throw wrong(`- ${extra}`, 'is not for this node and gateway');
  for (const resource of wanted)
    if (!given.includes(resource)) throw bad(`The line “- ${resource}” is missing.`);
  if (!verifyBytes(bytes, delegation.signature, delegation.address))
    throw bad(`The signature is not ${delegation.address}’s.`);
  return { address: delegation.address, issuedAt, expiresAt };
}

const resourcesOf = ({ nodeKey, nodeId, gatewayOrigin }: DelegatedNode): string[] => [
  nodeKeyResource(nodeKey),
  nodeIdResource(nodeId),
  gatewayOrigin,
  delegationScope,
];

/** The page that asked: on this computer, at any port, or at one of these origins. */
function isOurDomain(domain: string, origins: readonly string[]): boolean {
  const host = domain.replace(/:\d{1,5}$/, '');
  return (
    ['127.0.0.1', '[::1]', 'localhost'].includes(host) ||
    origins.some((origin) => domain === new URL(origin).host)
  );
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const bad = (message: string) => new AppError('wallet/bad-delegation', message);

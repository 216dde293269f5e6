import { AppError } from '../errors.ts';
import type { SignIn } from '../wire/delegation.ts';

/** Text and parser of Sign In With Solana: Phantom's specification, whose ABNF is that of EIP-4361. */

const uri = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/;
const statement = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;= ]+$/;
const domain = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@[\]]{1,255}$/;
const address = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;
const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const heading = ' wants you to sign in with your Solana account:';

type Field = Exclude<keyof SignIn, 'domain' | 'address' | 'statement' | 'resources'>;

/** In the only order that they may have. */
const fields: readonly [name: Field, label: string, isValid: (value: string) => boolean][] = [
  ['uri', 'URI: ', (value) => uri.test(value)],
  ['version', 'Version: ', (value) => value === '1'],
  ['chainId', 'Chain ID: ', (value) => /^(solana:)?(mainnet|testnet|devnet|localnet)$/.test(value)],
  ['nonce', 'Nonce: ', (value) => /^[A-Za-z0-9]{8,}$/.test(value)],
  ['issuedAt', 'Issued At: ', isDateTime],
  ['expirationTime', 'Expiration Time: ', isDateTime],
  ['notBefore', 'Not Before: ', isDateTime],
  ['requestId', 'Request ID: ', (value) => /^[A-Za-z0-9\-._~%!$&'()*+,;=:@]*$/.test(value)],
];
const resourcesLabel = 'Resources:';

/** The text that a wallet signs. Throws `wallet/bad-delegation` for what the format cannot carry. */
export function signInText(signIn: SignIn): string {
  const below = [
    ...fields.flatMap(([name, label]) => (signIn[name] === undefined ? [] : [label + signIn[name]])),
    ...(signIn.resources ? [resourcesLabel, ...signIn.resources.map((resource) => `- ${resource}`)] : []),
  ];
  const text = [
    signIn.domain + heading,
    signIn.address,
    ...(signIn.statement === undefined ? [] : ['', signIn.statement]),
    ...(below.length === 0 ? [] : ['', ...below]),
  ].join('\n');
  parseSignInText(text);
  return text;
}

/** Inverse of signInText. Throws `wallet/bad-delegation` that names the first line that is wrong; nothing unknown is passed over. */
export function parseSignInText(text: string): SignIn {
  const lines = text.split('\n');
  let at = 0;
  const bad = () => wrongLine(at + 1, lines[at] ?? '');
  const peek = (label: string) => lines[at]?.startsWith(label) ?? false;

  const first = lines[at] ?? '';
  const host = first.slice(0, -heading.length);
  if (!first.endsWith(heading) || !domain.test(host)) throw bad();
  at += 1;
  const signer = lines[at] ?? '';
  if (!address.test(signer)) throw bad();
  at += 1;
  const signIn: SignIn = { domain: host, address: signer };

  const isField = () => peek(resourcesLabel) || fields.some(([, label]) => peek(label));
  const skipBlank = () => {
    if (lines[at] !== '') throw bad();
    at += 1;
  };
  if (at < lines.length) {
    skipBlank();
    if (!isField()) {
      const said = lines[at] ?? '';
      if (!statement.test(said)) throw bad();
      signIn.statement = said;
      at += 1;
      if (at < lines.length) {
        skipBlank();
        if (!isField()) throw bad();
      }
    }
  }
  for (const [name, label, isValid] of fields) {
    if (!peek(label)) continue;
    const value = (lines[at] ?? '').slice(label.length);
    if (!isValid(value)) throw bad();
    signIn[name] = value;
    at += 1;
  }
  if (lines[at] === resourcesLabel) {
    at += 1;
    signIn.resources = [];
    while (peek('- ')) {
      const resource = (lines[at] ?? '').slice(2);
      if (!uri.test(resource)) throw bad();
      signIn.resources.push(resource);
      at += 1;
    }
  }
  if (at < lines.length) throw bad();
  return signIn;
}

/** An error that names a line as it stands in the text. */
export function wrongLine(number: number, line: string, why = 'is not as the format has it'): AppError {
  return new AppError('wallet/bad-delegation', `Line ${number}, “${line.slice(0, 200)}”, ${why}.`, {
    data: { line: number, text: line.slice(0, 200) },
  });
}

function isDateTime(value: string): boolean {
  return dateTime.test(value) && !Number.isNaN(Date.parse(value));
}

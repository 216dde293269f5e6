import type { SignIn } from './delegation.ts';

const fields = [
  ['URI', 'uri'],
  ['Version', 'version'],
  ['Chain ID', 'chainId'],
  ['Nonce', 'nonce'],
  ['Issued At', 'issuedAt'],
  ['Expiration Time', 'expirationTime'],
  ['Not Before', 'notBefore'],
  ['Request ID', 'requestId'],
] as const;

/** The text that a wallet signs for a Sign In With Solana, byte for byte (Phantom's specification; the form is that of EIP-4361). */
export function signInText(signIn: SignIn): string {
  let text = `${signIn.domain} wants you to sign in with your Solana account:\n${signIn.address}`;
  if (signIn.statement) text += `\n\n${signIn.statement}`;
  const lines = fields.flatMap(([name, key]) => (signIn[key] ? [`${name}: ${signIn[key]}`] : []));
  if (signIn.resources) lines.push('Resources:', ...signIn.resources.map((resource) => `- ${resource}`));
  return lines.length > 0 ? `${text}\n\n${lines.join('\n')}` : text;
}

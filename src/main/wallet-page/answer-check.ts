import bs58 from 'bs58';
import { AppError } from '#contract/errors.ts';
import { keyBytes } from '#contract/settlement/channel-id.ts';
import { verifyBytes } from '#contract/settlement/ed25519.ts';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { WalletAnswer, WalletQuestion } from '#contract/wallet.ts';
import { takeApart } from './signed-transaction.ts';

type Asked<O> = Extract<WalletQuestion, { op: O }>;
type Answered<O> = Extract<WalletAnswer, { op: O }>;

/**
 * Holds a wallet's answer to what was asked, and verifies what it signed. `domain` is the page's host with its port. Throws
 * `wallet/wrong-account`, `wallet/invalid-address`, `wallet/bad-signature`, `wallet/bad-transaction`, or
 * `wallet/bad-delegation` where what was asked cannot be a sign-in.
 */
export function checkAnswer(question: WalletQuestion, answer: WalletAnswer, domain: string): WalletAnswer {
  if (question.op === 'connect' && answer.op === 'connect') keyBytes(answer.address);
  else if (question.op === 'signIn' && answer.op === 'signIn') checkSignIn(question, answer, domain);
  else if (question.op === 'signMessage' && answer.op === 'signMessage') checkMessage(question, answer);
  else if (question.op === 'signTransaction' && answer.op === 'signTransaction')
    checkTransaction(question, answer);
  else throw badSignature('The wallet’s page answered another question than the one that was asked.');
  return answer;
}

function checkSignIn({ request }: Asked<'signIn'>, { delegation }: Answered<'signIn'>, domain: string) {
  const { address, signed_message, signature } = delegation;
  const text = signInText({ domain, address, ...request });
  const signed = Buffer.from(signed_message, 'base64');
  if (!signed.equals(Buffer.from(text)))
    throw badSignature('The wallet signed another text than the sign-in that was asked for.');
  if (!verifyBytes(signed, signature, address))
    throw badSignature(`The sign-in’s signature is not that of ${address}.`);
}

function checkMessage(question: Asked<'signMessage'>, answer: Answered<'signMessage'>) {
  checkAccount(question.address, answer.address);
  const signed = Buffer.from(answer.signedMessage, 'base64');
  if (!signed.equals(Buffer.from(question.message, 'base64')))
    throw badSignature('The wallet signed another message than the one that was asked for.');
  if (!verifyBytes(signed, answer.signature, question.address))
    throw badSignature(`The message’s signature is not that of ${question.address}.`);
}

/** What instructions a wallet may have added, the node host checks: it made the transaction. */
function checkTransaction(question: Asked<'signTransaction'>, answer: Answered<'signTransaction'>) {
  checkAccount(question.address, answer.address);
  const asked = takeApart(Buffer.from(question.transaction, 'base64'));
  const signed = takeApart(Buffer.from(answer.transaction, 'base64'));
  if (!asked || !signed) throw badTransaction('The wallet’s transaction cannot be read.');
  const hasOtherSignatures = asked.signatures.some((signature) => signature.some((byte) => byte !== 0));
  // Whoever signed before did so under these very bytes.
  if (hasOtherSignatures && !Buffer.from(signed.message).equals(asked.message))
    throw badTransaction('The wallet changed a transaction that somebody else has signed already.');
  for (const [n, signature] of asked.signatures.entries()) {
    const isGiven = signature.some((byte) => byte !== 0);
    if (isGiven && !Buffer.from(signature).equals(signed.signatures[n] ?? new Uint8Array()))
      throw badTransaction('The wallet’s transaction lacks a signature that it had before.');
  }
  const wallet = keyBytes(question.address);
  const index = signed.signers.findIndex((signer) => Buffer.from(signer).equals(wallet));
  const signature = signed.signatures[index];
  if (!signature || !verifyBytes(signed.message, bs58.encode(signature), question.address))
    throw badSignature(`The transaction’s signature is not that of ${question.address}.`);
}

function checkAccount(asked: string, answered: string) {
  if (asked === answered) return;
  throw new AppError('wallet/wrong-account', `${asked} was asked, and ${answered} answered.`, {
    data: { asked, answered },
  });
}

const badSignature = (message: string) => new AppError('wallet/bad-signature', message);
const badTransaction = (message: string) => new AppError('wallet/bad-transaction', message);

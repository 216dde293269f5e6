import type { FailedTransactionMetadata } from 'litesvm';

/** An error as JSON-RPC writes it. */
export type ChainError =
  | string
  | { InstructionError: [index: number, error: string | { Custom: number }] }
  | { InsufficientFundsForRent: { account_index: number } };

/** LiteSVM's numbers, in their order (only those that a transfer can meet have a name of their own here). */
const ofTransaction = [
  'AccountInUse',
  'AccountLoadedTwice',
  'AccountNotFound',
  'ProgramAccountNotFound',
  'InsufficientFundsForFee',
  'InvalidAccountForFee',
  'AlreadyProcessed',
  'BlockhashNotFound',
  'CallChainTooDeep',
  'MissingSignatureForFee',
  'InvalidAccountIndex',
  'SignatureFailure',
];
const ofInstruction = [
  'GenericError',
  'InvalidArgument',
  'InvalidInstructionData',
  'InvalidAccountData',
  'AccountDataTooSmall',
  'InsufficientFunds',
  'IncorrectProgramId',
  'MissingRequiredSignature',
  'AccountAlreadyInitialized',
  'UninitializedAccount',
];

export function chainErrorOf(failed: FailedTransactionMetadata): ChainError {
  const error = failed.err();
  if (typeof error === 'number') return ofTransaction[error] ?? `TransactionError${error}`;
  if ('accountIndex' in error) return { InsufficientFundsForRent: { account_index: error.accountIndex } };
  if (!('err' in error)) return { InstructionError: [error.index, 'GenericError'] };
  const inner = error.err();
  if (typeof inner === 'number')
    return { InstructionError: [error.index, ofInstruction[inner] ?? `InstructionError${inner}`] };
  return { InstructionError: [error.index, 'code' in inner ? { Custom: inner.code } : 'BorshIoError'] };
}

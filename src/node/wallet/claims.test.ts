import { expect, test } from 'vitest';
import { problemIn } from './claims.ts';

test('what the chain refuses is said so that a person knows what to do', () => {
  expect(problemIn('BlockhashNotFound', [])).toBe('It is too old: ask for a new one.');
  expect(problemIn('InsufficientFundsForFee', [])).toContain('too little SOL for the network’s fee');
  expect(problemIn({ InsufficientFundsForRent: { account_index: 0 } }, [])).toContain('890,880 lamports');
  const logs = [
    'Program 11111111111111111111111111111111 invoke [1]',
    'Transfer: insufficient lamports 0, need 2850008',
    'Program 11111111111111111111111111111111 failed: custom program error: 0x1',
  ];
  expect(problemIn({ InstructionError: [2, { Custom: 1 }] }, logs)).toBe(logs[1]);
  expect(problemIn({ InstructionError: [2, { Custom: 1 }] }, logs.slice(0, 1))).toBe(
    '{"InstructionError":[2,{"Custom":1}]}',
  );
});

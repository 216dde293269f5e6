import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test.each(['llama.cpp', 'transformers'])(
  'on %s the demo earns from 20 requests, and both sides agree on every lamport',
  async (backend) => {
    const args = ['run', '--silent', 'demo', '--', '--json', '--backend', backend];
    const { stdout } = await promisify(execFile)('npm', args);
    const line = JSON.parse(stdout) as Record<string, unknown>;
    expect(line).toMatchObject({
      requests: 20,
      completed: 18,
      cancelled: 1,
      refused: 1,
      receipts_verified: 19,
      reconciled: true,
    });
    expect(line.earned_lamports).toBeGreaterThan(0);
    expect(line.gateway_owed_lamports).toBe(line.earned_lamports);
  },
);

test('a hybrid node serves and trains at once, follows the slider and gives memory to another program, without losing anything', {
  timeout: 300_000,
}, async () => {
  const args = ['run', '--silent', 'demo', '--', '--node', 'hybrid', '--json'];
  const { stdout } = await promisify(execFile)('npm', args);
  const line = JSON.parse(stdout) as Record<string, unknown>;
  expect(line).toMatchObject({
    modes: expect.arrayContaining(['inference', 'training', 'both']),
    shares: [30, 100, 0, 60, 40],
    lost: 0,
    grab: { seenAfterMs: expect.any(Number), backAfterMs: expect.any(Number) },
    reconciled: true,
  });
  const { inference, training } = line.earned as Record<string, number>;
  expect(inference).toBeGreaterThan(0);
  expect(training).toBeGreaterThan(0);
  expect(line.gateway_owed_lamports).toBe(Number(inference) + Number(training));
});

test('200 requests are vouched for and paid: once by the gateway, once by a claim that a wallet signs in a browser page', {
  timeout: 300_000,
}, async () => {
  const args = ['run', '--silent', 'demo', '--', '--node', 'inference', '--settle', '--json'];
  const { stdout } = await promisify(execFile)('npm', args);
  const line = JSON.parse(stdout) as Record<string, unknown>;
  const signature = expect.stringMatching(/^[1-9A-HJ-NP-Za-km-z]{64,90}$/);
  expect(line).toMatchObject({
    requests: 200,
    payments: [
      { mode: 'gateway', signature, amount_lamports: expect.any(Number) },
      { mode: 'claim', signature, amount_lamports: expect.any(Number) },
    ],
    difference_lamports: 0,
    reconciled: true,
  });
  const payments = line.payments as { amount_lamports: number }[];
  expect(payments.reduce((sum, { amount_lamports: amount }) => sum + amount, 0)).toBe(line.settled_lamports);
  expect(line.settled_lamports).toBe(line.earned_lamports);
  expect(line.vouchered_lamports).toBe(line.earned_lamports);
  expect(Number(line.payout_delta_lamports) + Number(line.claim_network_fee_lamports)).toBe(
    line.settled_lamports,
  );
});

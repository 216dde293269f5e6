import { expect, test } from 'vitest';
import { canonicalJson } from '#contract/canonical-json.ts';
import { type OfferedTask, type RoundOffer, roundOfferText } from '#contract/federated/rounds.ts';
import { localTrainingSchema } from '#contract/federated/task.ts';
import { newKey } from '#testing/scripted-api.ts';
import { smallTask } from '#testing/scripted-rounds.ts';
import { sha256Hex } from '../link/ed25519.ts';
import { checkOffer, type OfferContext } from './offer-check.ts';

const gateway = newKey();
const [mine, second, third] = [newKey(), newKey(), newKey()].map(({ publicKey }) => publicKey) as [
  string,
  string,
  string,
];
const nowMs = Date.UTC(2026, 0, 1);
const training = localTrainingSchema.parse({
  epochs: 1,
  privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 },
});
const offered: OfferedTask = {
  task: smallTask,
  task_sha256: sha256Hex(canonicalJson(smallTask)),
  training,
  strategy: 'fedavg',
  secure_aggregation: 'required',
  participants: { min: 3, max: 10 },
  round_minutes: 5,
  reward_lamports: '1000',
  model_version: 3,
  model_sha256: 'a'.repeat(64),
  accuracy: null,
};
const secure = { threshold: 2, clipping_range: 8, quantization_range: 2 ** 22, max_weight: 1000 };
const good: RoundOffer = {
  round_id: 'round-1',
  task_id: smallTask.taskId,
  task_sha256: offered.task_sha256,
  model_version: 3,
  model_sha256: 'a'.repeat(64),
  strategy: 'fedavg',
  training,
  node_keys: [mine, second, third],
  secure,
  update_key: 'A'.repeat(44),
  deadline_ms: nowMs + 300_000,
  reward_lamports: '1000',
};

/** What an offer is refused for, signed by the gateway as it stands; null when it is accepted. */
function refusal(
  change: Partial<RoundOffer> = {},
  context: Partial<OfferContext> = {},
  sign: (offer: RoundOffer) => string = (offer) => gateway.sign(roundOfferText(canonicalJson(offer))),
): string | null {
  const offer = { ...good, ...change };
  try {
    checkOffer(offer, sign(offer), {
      gatewayKey: gateway.publicKey,
      nodeKey: mine,
      offered,
      nowMs,
      knows: () => false,
      ...context,
    });
    return null;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'training/bad-offer', data: { roundId: offer.round_id } });
    return (thrown as Error).message;
  }
}

test('an offer that says what was advertised is accepted', () => {
  expect(refusal()).toBeNull();
});

test.each<[what: string, reason: RegExp, change: Partial<RoundOffer>]>([
  ['another task', /another task/, { task_id: 'other' }],
  ['the task in another version', /another task/, { task_sha256: 'b'.repeat(64) }],
  ['a deadline that has passed', /deadline has passed/, { deadline_ms: nowMs }],
  ['a deadline a year away', /more than a day away/, { deadline_ms: nowMs + 365 * 86_400_000 }],
  ['another strategy', /strategy/, { strategy: 'fedprox' }],
  ['more epochs', /training or privacy/, { training: { ...training, epochs: 2 } }],
  [
    'less noise',
    /training or privacy/,
    { training: { ...training, privacy: { clipNorm: 1, noiseMultiplier: 0.1, delta: 1e-5 } } },
  ],
  ['no noise at all', /training or privacy/, { training: localTrainingSchema.parse({ epochs: 1 }) }],
  [
    'less pay than was advertised',
    /pays 999 lamports where 1000 were advertised/,
    { reward_lamports: '999' },
  ],
  ['no pay at all', /pays 0 lamports/, { reward_lamports: '0' }],
  ['a node twice', /twice/, { node_keys: [mine, second, second] }],
  ['a round of others', /not among its nodes/, { node_keys: [second, third, newKey().publicKey] }],
  ['control variates without SCAFFOLD', /control variates/, { control_sha256: 'c'.repeat(64) }],
  ['a plain round where a secure one was promised', /promised/, { secure: null }],
  ['two nodes in a secure round', /two nodes/, { node_keys: [mine, second] }],
  ['a threshold above all', /threshold of 4 of 3/, { secure: { ...secure, threshold: 4 } }],
  ['a threshold of half', /threshold of 2 of 4/, { node_keys: [mine, second, third, newKey().publicKey] }],
])('%s is refused', (_, reason, change) => {
  expect(refusal(change)).toMatch(reason);
});

test('a signature that is another key’s, or of another offer, is refused', () => {
  const other = newKey();
  expect(refusal({}, {}, (offer) => other.sign(roundOfferText(canonicalJson(offer))))).toMatch(/signature/);
  expect(
    refusal({ reward_lamports: '1' }, {}, () => gateway.sign(roundOfferText(canonicalJson(good)))),
  ).toMatch(/signature/);
});

test('a gateway that signs nothing is asked for no signature, and for all the rest', () => {
  expect(refusal({}, { gatewayKey: null }, () => 'none')).toBeNull();
  expect(refusal({ task_id: 'other' }, { gatewayKey: null }, () => 'none')).toMatch(/another task/);
});

test('an offer that pays more than was advertised is accepted, digits counted as a number', () => {
  expect(refusal({ reward_lamports: '1001' })).toBeNull();
  expect(refusal({ reward_lamports: '10000' })).toBeNull();
});

test('what a gateway without signatures pays is for its offer to say', () => {
  expect(refusal({ reward_lamports: '1' }, { gatewayKey: null }, () => 'none')).toBeNull();
});

test('a round that this node was in before is refused', () => {
  expect(refusal({}, { knows: (roundId) => roundId === 'round-1' })).toMatch(/came before/);
});

test('SCAFFOLD without the server’s control variate is refused, with it accepted', () => {
  const context = { offered: { ...offered, strategy: 'scaffold' as const } };
  expect(refusal({ strategy: 'scaffold' }, context)).toMatch(/control variates/);
  expect(refusal({ strategy: 'scaffold', control_sha256: 'c'.repeat(64) }, context)).toBeNull();
});

test('a strategy that must see each update is refused with secure aggregation, and may be had without', () => {
  const krum = { ...offered, strategy: 'krum' as const, secure_aggregation: 'where-possible' as const };
  expect(refusal({ strategy: 'krum' }, { offered: krum })).toMatch(/see each update/);
  const plain = { ...krum, secure_aggregation: 'off' as const };
  expect(refusal({ strategy: 'krum', secure: null }, { offered: plain })).toBeNull();
});

test('secure aggregation that was not advertised is refused', () => {
  expect(refusal({}, { offered: { ...offered, secure_aggregation: 'off' } })).toMatch(/not advertised/);
});

test('where secure aggregation is used where possible, two nodes do without and three do not', () => {
  const context = { offered: { ...offered, secure_aggregation: 'where-possible' as const } };
  expect(refusal({}, context)).toBeNull();
  expect(refusal({ secure: null, node_keys: [mine, second] }, context)).toBeNull();
  expect(refusal({ secure: null }, context)).toMatch(/promised/);
});

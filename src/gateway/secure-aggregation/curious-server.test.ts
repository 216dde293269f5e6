import { describe, expect, test } from 'vitest';
import { agreementKey, pairMask } from '#contract/federated/key-agreement.ts';
import { applyMasks } from '#contract/federated/masks.ts';
import { combineShares } from '#contract/federated/secret-sharing.ts';
import { readVectorFrame, vectorFrame } from '#contract/federated/vector-frame.ts';
import { nodeKeys, roundParameters, runRound, sumOf, type Transcript } from '#testing/secure-rounds.ts';

const allKeys = nodeKeys(9);

/** Chi-squared of the four bytes of each word over 256 bins; mean 255, standard deviation 22.6. */
function chiSquared(vector: Uint32Array): number {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] as number) + 1;
  const expected = bytes.length / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
/** Eight standard deviations: a uniform vector passes it once in far more than a billion runs. */
const uniformBelow = 255 + 8 * 22.6;

describe('what a curious server can read', () => {
  const length = 8191;
  /** Two nodes gone after sharing keys (their vectors come late), one after its vector. */
  const answered = [5, 5, 2, 5, 5, 2, 5, 3, 5];
  const parameters = roundParameters(allKeys, { vectorLength: length, threshold: 6 });
  // All alike and with no chance in them: what would show through at once.
  const vectors = allKeys.map(() => new Uint32Array(length + 1).fill(12_345));
  const round: Promise<Transcript> = runRound(allKeys, parameters, vectors, answered);

  test('masked vectors are uniform, though all updates are the same constant', async () => {
    const { frames } = await round;
    expect(frames.size).toBe(9);
    for (const frame of frames.values())
      expect(chiSquared(readVectorFrame(frame, length + 1).vector)).toBeLessThan(uniformBelow);
    expect(chiSquared(vectors[0] as Uint32Array)).toBeGreaterThan(uniformBelow);
  });

  test('of no node are shares of both secrets revealed', async () => {
    const { answers, parameters: of } = await round;
    for (const node of of.participants) {
      const count = (list: 'maskKeyShares' | 'seedShares') =>
        answers.filter((answer) => answer[list].some((share) => share.of === node)).length;
      expect(Math.min(count('maskKeyShares'), count('seedShares'))).toBe(0);
    }
  });

  test('with every secret that the messages give, each single vector stays masked, while the sum opens', async () => {
    const { answers, peerList, survivorList, frames } = await round;
    const { living = [], dead = [] } = survivorList ?? {};
    const context = peerList?.advertisements[0]?.context ?? '';
    const secretOf = async (list: 'maskKeyShares' | 'seedShares', node: string) => {
      const shares = answers.flatMap((answer) => answer[list].filter(({ of }) => of === node));
      return combineShares(
        shares.slice(0, 6).map(({ share }) => new Uint8Array(Buffer.from(share, 'base64'))),
      );
    };
    const publicKeys = new Map(
      peerList?.advertisements.map(({ node, maskKey }) => [
        node,
        new Uint8Array(Buffer.from(maskKey, 'base64')),
      ]),
    );
    const attempts = new Map<string, Uint32Array>();
    for (const [node, frame] of frames) {
      const vector = Uint32Array.from(readVectorFrame(frame, length + 1).vector);
      const masks = [];
      const seed = living.includes(node) ? await secretOf('seedShares', node) : null;
      if (seed) masks.push({ seed, sign: -1 as const });
      for (const other of [...living, ...dead]) {
        if (other === node) continue;
        // Either one's key opens the mask of a pair: that of the dead is known.
        const isKnown = dead.includes(other) ? other : dead.includes(node) ? node : null;
        if (!isKnown) continue;
        const key = agreementKey((await secretOf('maskKeyShares', isKnown)) as Uint8Array);
        const peer = isKnown === other ? node : other;
        const half = pairMask(
          { node: isKnown, key },
          { node: peer, publicKey: publicKeys.get(peer) as Uint8Array },
          context,
        );
        const added = isKnown === node ? half.sign : -half.sign;
        masks.push({ seed: half.seed, sign: added === 1 ? (-1 as const) : (1 as const) });
      }
      await applyMasks(vector, masks);
      attempts.set(node, vector);
      expect(chiSquared(vector)).toBeLessThan(uniformBelow);
    }
    const opened = sumOf(living.map((node) => attempts.get(node) as Uint32Array));
    expect(opened).toEqual(new Uint32Array(length + 1).fill(living.length * 12_345));
  });

  test('sends a vector of 1.66 M weights in less than 1.3 times its plain size', () => {
    const vector = new Uint32Array(1_660_001);
    const head = { context: 'ab'.repeat(32), node: allKeys[0]?.publicKey ?? '', signature: '1'.repeat(88) };
    expect(vectorFrame({ ...head, vector }).length).toBeLessThan(1.3 * 4 * 1_660_000);
  });
});

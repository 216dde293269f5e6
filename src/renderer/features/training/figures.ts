/** A loss with as many digits as say something: 2.303, 0.312, 0.00410. */
export function formatLoss(loss: number | null): string {
  if (loss === null || !Number.isFinite(loss)) return '–';
  if (loss !== 0 && Math.abs(loss) < 0.0001) return loss.toExponential(1);
  return loss.toFixed(Math.abs(loss) < 0.01 ? 5 : 3);
}

/** 0.941 as 94.1 %. */
export const formatShare = (share: number | null): string =>
  share === null ? '–' : `${(share * 100).toFixed(1)} %`;

/** ε with two digits, enough of them where it is small. */
export const formatEpsilon = (epsilon: number): string =>
  epsilon !== 0 && epsilon < 0.01 ? epsilon.toPrecision(1) : epsilon.toFixed(2);

/** What is left after the network's fee. */
export const netLamports = (round: { priceLamports: string; feeLamports: string }): string =>
  (BigInt(round.priceLamports) - BigInt(round.feeLamports)).toString();

const mostEpsilon = 1000;

/** ε that a field's text stands for; null for what is no budget. */
export function parseEpsilon(text: string): number | null {
  const trimmed = text.trim();
  const value = /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  return value >= 0 && value <= mostEpsilon ? value : null;
}

/** Curve25519's field and the constant of its Edwards form, as RFC 8032 names them (5.1). */
const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** Whether 32 bytes are a point of ed25519, and so may be somebody's public key; decoded strictly, after RFC 8032, 5.1.3. */
export function isOnCurve(key: Uint8Array): boolean {
  const bytes = Uint8Array.from(key).reverse();
  const sign = (bytes[0] ?? 0) >> 7;
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  const y = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  if (y >= p) return false;
  // x² = u/v, which is a square just when u·v is one.
  const u = (y * y - 1n + p) % p;
  const v = (d * y * y + 1n) % p;
  return u === 0n ? sign === 0 : power((u * v) % p, (p - 1n) / 2n) === 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % p)
    if (rest & 1n) result = (result * square) % p;
  return result;
}

import canonicalize from 'canonicalize';

/** RFC 8785 canonical JSON: what is signed and hashed. Throws on NaN, infinities and undefined. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('nothing to canonicalise');
  return text;
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopText } from './stop-text.ts';

test('however the text is cut, it ends before the first stop string and nothing of it is lost', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(letters, stops, fc.array(fc.nat(5), { maxLength: 30 }), (text, stopList, sizes) => {
      const stopper = new StopText(stopList);
      let out = '';
      let rest = text;
      for (const size of [...sizes, text.length]) {
        out += stopper.feed(rest.slice(0, size));
        rest = rest.slice(size);
      }
      out += stopper.flush();
      const first = Math.min(...stopList.map((stop) => text.indexOf(stop)).filter((index) => index >= 0));
      expect(out).toBe(Number.isFinite(first) ? text.slice(0, first) : text);
      expect(stopper.isStopped).toBe(Number.isFinite(first));
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopText } from './stop-text.ts';

test('however the text is cut, it ends before the stop string that is whole first, and nothing of it is lost', () => {
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
      // Letter by letter: the first moment at which a stop string is whole.
      const ends = Array.from(text, (_, index) => text.slice(0, index + 1));
      const whole = ends.find((start) => stopList.some((stop) => start.endsWith(stop)));
      const longest = Math.max(
        0,
        ...stopList.filter((stop) => whole?.endsWith(stop)).map(({ length }) => length),
      );
      expect(out).toBe(whole === undefined ? text : whole.slice(0, whole.length - longest));
      expect(stopper.isStopped).toBe(whole !== undefined);
    }),
  );
});

import { expect, test } from 'vitest';
import locale from '#locales/en.json' with { type: 'json' };
import { errorCodes } from './errors.ts';

test('each error code has a title and an advice for the person who meets it, and no text is left over', () => {
  expect(Object.keys(locale.errors).sort()).toEqual([...errorCodes].sort());
  for (const { title, advice } of Object.values(locale.errors)) {
    expect(title).toMatch(/^\S.{3,60}$/);
    expect(advice).toMatch(/^\S.{5,200}\.$/);
  }
});

import { expect, test } from 'vitest';
import { phantomLink, phoneMail, phonePageUrl } from './phone-mail.ts';

const secret = 'h3Vt0qGfXw3m0e4m6oVb9pI1cGZ4n0y9q3b8d2r7t5k';

test('both ends read what either sealed, and no two seals are alike', async () => {
  const [app, phone] = await Promise.all([phoneMail('one', secret), phoneMail('one', secret)]);
  expect(phone.token).toBe(app.token);
  expect(app.token).toMatch(/^[0-9a-f]{64}$/);
  const text = 'pay 1,25 € to 7xKX…';
  const sealed = await app.seal('question', text);
  expect(await phone.open('question', sealed)).toBe(text);
  expect(await phone.open('answer', await phone.seal('answer', ''))).toBe('');
  expect(await app.seal('question', text)).not.toEqual(sealed);
  expect(Buffer.from(sealed).includes(Buffer.from('7xKX'))).toBe(false);
});

test('the token says nothing of the key', async () => {
  const mail = await phoneMail('one', secret);
  const other = await phoneMail('one', mail.token);
  expect(await other.open('question', await mail.seal('question', 'text'))).toBeNull();
});

test('what a relay exchanges, alters or cuts off is not read', async () => {
  const mail = await phoneMail('one', secret);
  const sealed = await mail.seal('question', 'text');
  expect(await mail.open('answer', sealed)).toBeNull();
  expect(await (await phoneMail('two', secret)).open('question', sealed)).toBeNull();
  expect(await (await phoneMail('one', `${secret}0`)).open('question', sealed)).toBeNull();
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = sealed.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(await mail.open('question', altered)).toBeNull();
    expect(await mail.open('question', sealed.slice(0, at))).toBeNull();
  }
});

test('the link opens the page in Phantom, secret and all', () => {
  const page = phonePageUrl('https://relay.example', 'AbC-_1', secret);
  expect(page).toBe(`https://relay.example/w/AbC-_1#s=${secret}`);
  const link = new URL(phantomLink(page));
  expect(link.href).toMatch(/^https:\/\/phantom\.app\/ul\/browse\/https%3A/);
  expect(link.hash).toBe('');
  expect(decodeURIComponent(link.pathname.slice('/ul/browse/'.length))).toBe(page);
  expect(link.searchParams.get('ref')).toBe('https://relay.example');
});

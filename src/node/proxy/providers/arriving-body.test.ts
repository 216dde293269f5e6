import { expect, test } from 'vitest';
import { ArrivingBody } from './arriving-body.ts';

function open() {
  const told: string[] = [];
  const body = new ArrivingBody({
    pause: () => void told.push('pause'),
    resume: () => void told.push('resume'),
    abort: () => void told.push('abort'),
  });
  return { body, told };
}
const bytes = (text: string) => Buffer.from(text);

test('what arrived in several pieces is read in one, in order, before and after it is there', async () => {
  const { body } = open();
  body.push(bytes('one '));
  body.push(bytes('two '));
  const chunks = body[Symbol.asyncIterator]();
  expect(`${(await chunks.next()).value}`).toBe('one two ');
  const next = chunks.next();
  body.push(bytes('three'));
  expect(`${(await next).value}`).toBe('three');
  body.end();
  expect(await chunks.next()).toEqual({ done: true, value: undefined });
});

test('a source is paused while nobody reads, once, and goes on when somebody does', async () => {
  const { body, told } = open();
  for (let count = 0; count < 5; count += 1) body.push(Buffer.alloc(40_000));
  expect(told).toEqual(['pause']);
  const first = await body[Symbol.asyncIterator]().next();
  expect(first.value?.length).toBe(200_000);
  expect(told).toEqual(['pause', 'resume']);
});

test('a body that breaks off says so after what came before, to a reader who waits too', async () => {
  const { body } = open();
  body.push(bytes('half'));
  body.fail(new Error('cut'));
  const chunks = body[Symbol.asyncIterator]();
  expect(`${(await chunks.next()).value}`).toBe('half');
  await expect(chunks.next()).rejects.toThrow('cut');

  const waited = open();
  const whole = waited.body.bytes();
  waited.body.fail(new Error('cut'));
  await expect(whole).rejects.toThrow('cut');
});

test('who stops reading ends the request', async () => {
  const { body, told } = open();
  body.push(bytes('enough'));
  for await (const chunk of body) {
    expect(`${chunk}`).toBe('enough');
    break;
  }
  expect(told).toEqual(['abort']);
});

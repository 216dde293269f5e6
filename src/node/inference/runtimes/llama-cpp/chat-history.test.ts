import { expect, test } from 'vitest';
import { chatHistory } from './chat-history.ts';

const call = { id: 'call-1', name: 'weather', arguments: '{"city":"Paris"}' };

test('a chat ends with an empty answer for the model to fill', () => {
  expect(
    chatHistory([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'Bye' },
    ]),
  ).toEqual([
    { type: 'system', text: 'Be brief.' },
    { type: 'user', text: 'Hello' },
    { type: 'model', response: ['Hi'] },
    { type: 'user', text: 'Bye' },
    { type: 'model', response: [] },
  ]);
});

test('the answer whose calls were answered goes on', () => {
  expect(
    chatHistory([
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', toolCallId: 'call-1', content: 'sunny' },
    ]).at(-1),
  ).toEqual({
    type: 'model',
    response: [{ type: 'functionCall', name: 'weather', params: { city: 'Paris' }, result: 'sunny' }],
  });
});

test('calls and results must belong together', () => {
  expect(() => chatHistory([{ role: 'tool', toolCallId: 'x', content: '' }])).toThrow('No call “x” waits');
  expect(() => chatHistory([{ role: 'assistant', content: '', toolCalls: [call] }])).toThrow('has no result');
  expect(() =>
    chatHistory([
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'user', content: 'And?' },
    ]),
  ).toThrow('“call-1” has no result');
});

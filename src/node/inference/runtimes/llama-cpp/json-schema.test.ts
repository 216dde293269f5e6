import { expect, test } from 'vitest';
import { grammarSchema } from './json-schema.ts';

test('what libraries write of their types becomes a grammar', () => {
  expect(
    grammarSchema({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Person',
      type: 'object',
      required: ['name', 'age'],
      additionalProperties: false,
      properties: {
        name: { type: 'string', minLength: 1, description: 'the whole name' },
        age: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null },
        friend: { allOf: [{ $ref: '#/definitions/Friend' }] },
        email: { type: ['string', 'null'], format: 'email' },
        tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 3 },
      },
      definitions: { Friend: { type: 'object', properties: { of: { $ref: '#/definitions/Friend' } } } },
    }),
  ).toEqual({
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1 },
      age: { oneOf: [{ type: 'integer' }, { type: 'null' }] },
      friend: { $ref: '#/$defs/Friend' },
      email: { type: ['string', 'null'] },
      tags: { type: 'array', maxItems: 3, items: { enum: ['a', 'b'] } },
    },
    $defs: { Friend: { type: 'object', properties: { of: { $ref: '#/$defs/Friend' } } } },
  });
});

test.each([
  [{ type: 'string', pattern: '^a+$' }, '# uses “pattern”'],
  [{ type: 'object', properties: { n: { type: 'integer', minimum: 3 } } }, '#/properties/n uses “minimum”'],
  [{ allOf: [{ type: 'string' }, { type: 'number' }] }, '# uses “allOf”'],
  [{ type: 'object', required: ['x'], properties: {} }, '# requires “x” without describing it'],
  [{ $ref: 'https://example.org/schema' }, '# refers to “https://example.org/schema”'],
  [{ $ref: '#/$defs/None' }, '# refers to “#/$defs/None”'],
  [{ enum: [{ a: 1 }] }, '#/enum/0 is a list or an object'],
  [{ type: 'string', maxLength: 1e9 }, '#/maxLength is 1000000000'],
  [{ type: 'colour' }, '# has the unknown type “colour”'],
  [{ anyOf: [] }, '#/anyOf is no list'],
  [{ type: 'object', properties: { a: false } }, '#/properties/a allows nothing'],
])('what no grammar can hold is refused with its place: %j', (schema, text) => {
  expect(() => grammarSchema(schema)).toThrow(text);
});

test('a schema that goes on for ever is refused', () => {
  let schema: Record<string, unknown> = { type: 'string' };
  for (let depth = 0; depth < 100; depth += 1) schema = { type: 'array', items: schema };
  expect(() => grammarSchema(schema)).toThrow('is too deep or too large');
});

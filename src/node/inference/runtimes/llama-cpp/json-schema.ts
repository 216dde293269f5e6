import type { GbnfJsonSchema } from 'node-llama-cpp';
import { AppError } from '#contract/errors.ts';
import type { JsonSchema } from '../../runtime.ts';

const mostDepth = 64;
const mostNodes = 5000;
/** Repetitions are written out in the grammar: larger bounds would make it too large to start. */
const mostRepetitions = 1000;

/** Keywords that narrow what is allowed and that a grammar of the engine cannot hold. */
const inexpressible = [
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'not',
  'if',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'uniqueItems',
  '$dynamicRef',
];
const repetitions = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];
const scalars = ['string', 'number', 'integer', 'boolean', 'null'];

const any = {
  oneOf: [
    { type: 'object', additionalProperties: true },
    { type: 'array' },
    { type: ['string', 'number', 'boolean', 'null'] },
  ],
};

/** Any JSON object: what the format `json_object` asks for. */
export const anyObject = { type: 'object', additionalProperties: true } as GbnfJsonSchema;

/**
 * A JSON schema (draft 2020-12) as the engine's grammar takes it; whatever that grammar makes is valid under the schema, though not
 * everything that is valid can be made: properties always come all, in their order.
 * Throws `request/unsupported` with the place of what no grammar here can hold.
 */
export function grammarSchema(schema: JsonSchema): GbnfJsonSchema {
  let nodes = 0;
  const definitions = new Set(
    ['$defs', 'definitions'].flatMap((key) => (isObject(schema[key]) ? Object.keys(schema[key]) : [])),
  );

  function convert(node: unknown, path: string, depth: number): Record<string, unknown> {
    nodes += 1;
    if (depth > mostDepth || nodes > mostNodes) throw unsupported(path, 'is too deep or too large');
    if (node === true) return any;
    if (!isObject(node)) throw unsupported(path, 'allows nothing or is no schema');
    const narrowing = inexpressible.find((keyword) => node[keyword] !== undefined && node[keyword] !== false);
    if (narrowing) throw unsupported(path, `uses “${narrowing}”`);
    const child = (value: unknown, name: string) => convert(value, `${path}/${name}`, depth + 1);
    const list = (values: unknown, name: string) => {
      if (!Array.isArray(values) || values.length === 0) throw unsupported(`${path}/${name}`, 'is no list');
      return values.map((value, index) => child(value, `${name}/${index}`));
    };
    if (typeof node.$ref === 'string') return { $ref: reference(node.$ref, path) };
    if (Array.isArray(node.allOf)) {
      if (node.allOf.length !== 1) throw unsupported(path, 'uses “allOf”');
      return child(node.allOf[0], 'allOf/0');
    }
    if (node.oneOf ?? node.anyOf)
      return { oneOf: list(node.oneOf ?? node.anyOf, node.oneOf ? 'oneOf' : 'anyOf') };
    if (node.const !== undefined) return { const: scalar(node.const, `${path}/const`) };
    if (node.enum !== undefined) {
      if (!Array.isArray(node.enum) || node.enum.length === 0)
        throw unsupported(`${path}/enum`, 'is no list');
      return { enum: node.enum.map((value, index) => scalar(value, `${path}/enum/${index}`)) };
    }
    if (Array.isArray(node.type)) {
      const types = node.type as unknown[];
      if (types.length > 0 && types.every((type) => scalars.includes(type as string))) return { type: types };
      return { oneOf: types.map((type) => convert({ ...node, type }, path, depth + 1)) };
    }
    const bounds = Object.fromEntries(
      repetitions.flatMap((keyword) =>
        node[keyword] === undefined ? [] : [[keyword, bound(node[keyword], `${path}/${keyword}`)]],
      ),
    );
    if (node.type === 'object' || (node.type === undefined && isObject(node.properties)))
      return object(node, path, child, bounds);
    if (node.type === 'array' || (node.type === undefined && node.items !== undefined))
      return {
        type: 'array',
        ...bounds,
        ...(node.items === undefined ? {} : { items: child(node.items, 'items') }),
        ...(node.prefixItems === undefined ? {} : { prefixItems: list(node.prefixItems, 'prefixItems') }),
      };
    if (node.type === 'string')
      return {
        type: 'string',
        ...bounds,
        // Other formats only describe, as the standard has it.
        ...(['date-time', 'time', 'date'].includes(node.format as string) ? { format: node.format } : {}),
      };
    if (scalars.includes(node.type as string)) return { type: node.type };
    if (node.type === undefined) return any;
    throw unsupported(path, `has the unknown type “${String(node.type)}”`);
  }

  function reference(target: string, path: string): string {
    const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(target)?.[1];
    if (!name || !definitions.has(name)) throw unsupported(path, `refers to “${target}”`);
    return `#/$defs/${name}`;
  }

  const root = convert(schema, '#', 0);
  const defs: Record<string, unknown> = {};
  for (const key of ['$defs', 'definitions'])
    if (isObject(schema[key]))
      for (const [name, value] of Object.entries(schema[key]))
        defs[name] = convert(value, `#/${key}/${name}`, 1);
  return (Object.keys(defs).length > 0 ? { ...root, $defs: defs } : root) as GbnfJsonSchema;
}

function object(
  node: JsonSchema,
  path: string,
  child: (value: unknown, name: string) => Record<string, unknown>,
  bounds: object,
): Record<string, unknown> {
  const properties = isObject(node.properties) ? node.properties : {};
  const required = Array.isArray(node.required) ? node.required : [];
  const missing = required.find((name) => !Object.hasOwn(properties, name as string));
  if (missing !== undefined) throw unsupported(path, `requires “${String(missing)}” without describing it`);
  const isOpen = Object.keys(properties).length === 0 && node.additionalProperties === undefined;
  const additional = isOpen ? true : node.additionalProperties;
  return {
    type: 'object',
    ...bounds,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, value]) => [name, child(value, `properties/${name}`)]),
    ),
    ...(additional === undefined || additional === false
      ? {}
      : { additionalProperties: additional === true ? true : child(additional, 'additionalProperties') }),
  };
}

function bound(value: unknown, path: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > mostRepetitions)
    throw unsupported(path, `is ${String(value)}; a whole number up to ${mostRepetitions} can be served`);
  return value as number;
}

function scalar(value: unknown, path: string): unknown {
  if (value !== null && typeof value === 'object') throw unsupported(path, 'is a list or an object');
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unsupported = (path: string, what: string) =>
  new AppError('request/unsupported', `The JSON schema cannot be served: ${path} ${what}.`, {
    data: { path },
  });

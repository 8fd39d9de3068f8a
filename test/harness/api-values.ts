import fc from 'fast-check';
import type { Schema } from './api-document.ts';

/** Values by the schemas of the OpenAPI document, and values that are like them but wrong. */
export interface World {
  /** The schema that a reference is to. */
  resolve(schema: Schema): Schema;
  /** Ids that stand for something, of a field by this name. */
  idsOf(name: string): readonly string[];
}

/** Texts that programs stumble over. */
const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '../..',
  '%00',
  "'; --",
  '__proto__',
  'constructor',
  '\u202e',
  '💥'.repeat(50),
  'x'.repeat(5_000),
  '1e309',
  'null',
];
const ODD = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, -0, 1e308, [], {}, [[]], ...ODD_TEXTS),
  fc.jsonValue({ maxDepth: 3 }),
);

/** What the schema allows. */
export function allowedValueOf(schema: Schema, world: World): fc.Arbitrary<unknown> {
  if (schema.examples)
    return fc.oneof(fc.constantFrom(...schema.examples), allowedValueOf({ ...schema, examples: undefined }, world));
  const { $ref } = schema;
  if ($ref !== undefined) return allowedValueOf(world.resolve(schema), world);
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return fc.oneof(...several.map((each) => allowedValueOf(each, world)));
  const types = [schema.type ?? []].flat();
  if (types.length === 0) return fc.jsonValue({ maxDepth: 1 });
  return fc.oneof(...types.map((type) => plainValue(type, schema, world)));
}

function plainValue(type: string, schema: Schema, world: World): fc.Arbitrary<unknown> {
  const { minimum: min = -1_000, maximum: max = Math.max(min, 0) + 10_000 } = schema;
  if (type === 'string') return textOf(schema);
  if (type === 'integer') return fc.integer({ min, max });
  if (type === 'number') return fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'array') return listOf(schema, world);
  return objectOf(schema, world);
}

function textOf({ format, pattern, minLength = 0, maxLength = minLength + 40 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString());
  if (format === 'uri' || format === 'url') return fc.webUrl();
  if (pattern !== undefined) return textLike(pattern).filter((text) => text.length <= maxLength);
  const bounds = { minLength, maxLength: Math.min(maxLength, minLength + 60) };
  return fc.oneof(
    fc.string(bounds),
    fc.string({ ...bounds, unit: 'binary' }),
    fc.constantFrom('a'.repeat(minLength), 'a'.repeat(maxLength)),
  );
}

/** fast-check does not draw by patterns that look ahead; there the examples have to do. */
function textLike(pattern: string): fc.Arbitrary<string> {
  return /\(\?[=!<]/.test(pattern) ? fc.string() : fc.stringMatching(new RegExp(pattern));
}

function listOf({ items = {}, minItems = 0, maxItems = minItems + 4 }: Schema, world: World) {
  const maxLength = Math.min(maxItems, minItems + 4);
  return fc.array(allowedValueOf(items, world), { minLength: minItems, maxLength });
}

function objectOf(schema: Schema, world: World): fc.Arbitrary<object> {
  const { properties = {}, patternProperties, required = [], additionalProperties } = schema;
  const known = Object.entries(properties).map(([name, each]) => [name, fieldOf(name, each, world)] as const);
  const requiredKeys = known.map(([name]) => name).filter((name) => required.includes(name));
  const record = fc.record(Object.fromEntries(known), { requiredKeys });
  const [open] = Object.entries(patternProperties ?? {});
  const others = open?.[1] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
  if (!others) return record;
  const names = open ? textLike(open[0]) : fc.string({ maxLength: 10 });
  const more = fc.dictionary(names, allowedValueOf(others, world), { maxKeys: 3 });
  return fc.tuple(record, more).map(([own, rest]) => ({ ...rest, ...own }));
}

/** Ids are of something more often than not. */
export function fieldOf(name: string, schema: Schema, world: World): fc.Arbitrary<unknown> {
  const values = allowedValueOf(schema, world);
  if (!/(^i|I)d$/.test(name)) return values;
  const known = fc.nat().map((at) => {
    const ids = world.idsOf(name);
    return ids[at % Math.max(1, ids.length)] ?? 'none';
  });
  return fc.oneof({ weight: 5, arbitrary: known }, { weight: 1, arbitrary: values });
}

/** Nearly what the schema allows: one thing of it, at any depth, is another; or it is something else altogether. */
export function strangeValueOf(schema: Schema, world: World): fc.Arbitrary<unknown> {
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(allowedValueOf(schema, world), ODD, fc.nat(), fc.nat(4)).map((drawn) => spoil(...drawn)),
    },
    { weight: 1, arbitrary: ODD },
  );
}

/** Puts `odd` somewhere into a value: in place of a part, beside the others, or by leaving one out. */
function spoil(value: unknown, odd: unknown, at: number, deeper: number): unknown {
  if (typeof value !== 'object' || value === null) return odd;
  const names = Object.keys(value);
  const name = names[at % Math.max(1, names.length)];
  if (name === undefined) return Array.isArray(value) ? [odd] : { x: odd };
  const inside = (value as Record<string, unknown>)[name];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const changed = copy as Record<string, unknown>;
  if (deeper > 1) changed[name] = spoil(inside, odd, Math.floor(at / 7), deeper - 1);
  else if (at % 3 === 0) delete changed[name];
  else if (at % 3 === 1) changed[`${name}x`] = odd;
  else changed[name] = odd;
  return copy;
}

/** A text for a path, a query or a header: one that is allowed, or one that is not. */
export function textFor(schema: Schema, world: World): fc.Arbitrary<string> {
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)) ?? '';
  return fc.oneof(
    { weight: 3, arbitrary: allowedValueOf(schema, world).map(asText) },
    { weight: 1, arbitrary: fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary' })) },
  );
}

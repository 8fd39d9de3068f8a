import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BareItem, type InnerList, type Item, parseDictionary } from '../../src/kernel/http/structured-field.ts';

/** RFC 9651 section 4.1, the other way round than the parser and apart from it. */
function writeBare({ type, value }: BareItem): string {
  switch (type) {
    case 'integer':
      return String(value);
    case 'decimal':
      return Number.isInteger(value) ? value.toFixed(1) : String(value);
    case 'string':
      return `"${value.replace(/["\\]/g, '\\$&')}"`;
    case 'token':
      return value;
    case 'boolean':
      return value ? '?1' : '?0';
    case 'bytes':
      return `:${Buffer.from(value).toString('base64')}:`;
    case 'date':
      return `@${value}`;
    case 'display':
      return `%"${[...Buffer.from(value)].map(writeDisplayByte).join('')}"`;
  }
}

function writeDisplayByte(byte: number): string {
  const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x25;
  return plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
}

const writeParameters = (parameters: Item['parameters']) =>
  [...parameters].map(([key, item]) => `;${key}=${writeBare(item)}`).join('');
const writeItem = ({ item, parameters }: Item) => writeBare(item) + writeParameters(parameters);
const writeMember = (member: Item | InnerList) =>
  'item' in member
    ? writeItem(member)
    : `(${member.list.map(writeItem).join(' ')})${writeParameters(member.parameters)}`;

const symbols = (text: string) => fc.constantFrom(...text);
const word = (first: string, rest: string) =>
  fc.tuple(symbols(first), fc.string({ unit: symbols(rest), maxLength: 8 })).map(([one, more]) => one + more);
const key = word('abcxyz*', 'abcxyz019_-.*');
const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 12,
});
const bare: fc.Arbitrary<BareItem> = fc.oneof(
  fc
    .integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })
    .map((value) => ({ type: 'integer' as const, value })),
  fc
    .integer({ min: -999_999_999, max: 999_999_999 })
    .map((value) => ({ type: 'decimal' as const, value: value / 1000 || 0 })),
  printable.map((value) => ({ type: 'string' as const, value })),
  word('abcXYZ*', "abcXYZ019:/!#$%&'*+-.^_`|~").map((value) => ({ type: 'token' as const, value })),
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.uint8Array({ maxLength: 9 }).map((value) => ({ type: 'bytes' as const, value: new Uint8Array(value) })),
  fc.integer().map((value) => ({ type: 'date' as const, value })),
  fc.string({ unit: 'grapheme', maxLength: 9 }).map((value) => ({ type: 'display' as const, value })),
);
const parameters = fc.array(fc.tuple(key, bare), { maxLength: 3 }).map((pairs) => new Map(pairs));
const item: fc.Arbitrary<Item> = fc.record({ item: bare, parameters });
const member = fc.oneof(item, fc.record({ list: fc.array(item, { maxLength: 4 }), parameters }));
const dictionary = fc
  .array(fc.tuple(key, member), { maxLength: 5 })
  .map((pairs) => new Map<string, Item | InnerList>(pairs));

test('a dictionary written is the dictionary read, whatever blanks are between', () => {
  fc.assert(
    fc.property(dictionary, fc.constantFrom(',', ', ', ' ,\t', '\t, '), (given, comma) => {
      const text = [...given].map(([name, each]) => `${name}=${writeMember(each)}`).join(comma);
      expect(parseDictionary(` ${text} `)).toEqual(given);
    }),
  );
});

test('whatever is read can be written and read again, and nothing crashes', () => {
  const near = fc.string({ unit: symbols('ab=,; "\\()?01-.@:%*\té'), maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(near, fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
      const read = parseDictionary(text);
      if (!read) return;
      const again = [...read].map(([name, each]) => `${name}=${writeMember(each)}`).join(', ');
      expect(parseDictionary(again)).toEqual(read);
    }),
    { numRuns: 2_000 },
  );
});

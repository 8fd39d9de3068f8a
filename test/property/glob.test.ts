import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob, parseGlob } from '../../src/kernel/access/glob.ts';

/** The same pattern as a regular expression: slow for hostile ones, and plain to see. */
function asExpression(pattern: string): RegExp {
  const parts = pattern.match(/\\\?|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return (part === '\\?' ? '?' : part).replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`);
}

const text = fc.array(fc.constantFrom('a', 'b', '/', '?', '\\', '.'), { maxLength: 12 }).map((all) => all.join(''));
const pattern = fc
  .array(fc.constantFrom('a', 'b', '/', '*', '?', '\\?', '\\', '.'), { maxLength: 8 })
  .map((all) => all.join(''));

test('a pattern fits what the same regular expression fits', () => {
  fc.assert(
    fc.property(pattern, text, (glob, value) => {
      expect(matchesGlob(parseGlob(glob), value)).toBe(asExpression(glob).test(value));
    }),
    { numRuns: 3_000 },
  );
});

test('a pattern whose only star comes last fits all that begins with what stands before it', () => {
  const literal = text.map((each) => each.replace(/[?\\]/g, 'c'));
  fc.assert(fc.property(literal, text, (before, rest) => matchesGlob(parseGlob(`${before}*`), before + rest)));
});

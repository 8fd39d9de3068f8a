import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCacheControl } from '../../src/kernel/http/cache-control.ts';
import { evaluateConditions } from '../../src/kernel/http/conditional.ts';
import { fieldOf, withoutMalformed } from '../../src/kernel/http/fields.ts';
import { initialAgeSeconds, planLifetime } from '../../src/kernel/http/freshness.ts';
import { parseRange, writeContentRange } from '../../src/kernel/http/range.ts';
import { varyNames } from '../../src/kernel/http/vary.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const size = fc.integer({ min: 0, max: 1_000_000 });

test('no Range value crashes, and what is served lies within the body', () => {
  const value = fc.oneof(
    anyText,
    fc.tuple(fc.bigInt(), fc.bigInt()).map(([a, b]) => `bytes=${a}-${b}`),
  );
  fc.assert(
    fc.property(value, size, (text, sizeBytes) => {
      const range = parseRange(text, sizeBytes);
      if (typeof range === 'string') return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeLessThanOrEqual(sizeBytes);
      expect(range.start).toBeLessThan(range.end);
    }),
  );
});

test('a range written is the range read', () => {
  fc.assert(
    fc.property(size, size, (one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other) + 1];
      const written = writeContentRange({ start, end }, end);
      const asked = written.replace('bytes ', 'bytes=').replace(/\/.*/, '');
      expect(parseRange(asked, end)).toEqual({ start, end });
    }),
  );
});

test('no Cache-Control crashes, and no lifetime is negative or endless', () => {
  const directive = fc.constantFrom(
    'max-age',
    's-maxage',
    'no-store',
    'private',
    '"',
    '\\',
    '=',
    ',',
    'stale-if-error',
  );
  const value = fc.oneof(
    anyText,
    fc.array(fc.oneof(directive, fc.integer().map(String))).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(value, anyText, (text, expires) => {
      const control = parseCacheControl(text);
      const lifetime = planLifetime({ status: 200, fields: ['Expires', expires] }, control, 0);
      for (const seconds of Object.values(lifetime)) {
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(seconds)).toBe(true);
      }
    }),
  );
});

test('no Age or Date crashes, and no age is negative', () => {
  fc.assert(
    fc.property(anyText, anyText, (age, date) => {
      const seconds = initialAgeSeconds({ status: 200, fields: ['Age', age, 'Date', date] }, 0, 1_000);
      expect(seconds).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('a tag that is listed is found among any others', () => {
  const tag = fc
    .string({ unit: fc.constantFrom('a', 'b', ',', ' ', '*', '/', 'W'), maxLength: 8 })
    .map((text) => `"${text}"`);
  fc.assert(
    fc.property(fc.array(tag), tag, fc.nat(), (others, own, place) => {
      const list = [...others];
      list.splice(place % (others.length + 1), 0, own);
      expect(evaluateConditions({ ifNoneMatch: list.join(', ') }, { etag: own })).toBe('not-modified');
    }),
  );
});

test('fields that pass can be written, and no field list crashes', () => {
  fc.assert(
    fc.property(fc.array(anyText), (fields) => {
      const kept = withoutMalformed(fields);
      expect(kept.length % 2).toBe(0);
      for (const text of kept) expect(text).not.toMatch(/[\r\n\0]/);
      fieldOf(fields, 'vary');
      varyNames({ status: 200, fields });
    }),
  );
});

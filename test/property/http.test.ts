import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCachePolicy } from '../../src/kernel/http/cache-policy.ts';
import { evaluateConditions, ifRangeHolds } from '../../src/kernel/http/conditional.ts';
import { fieldOf, withoutMalformed } from '../../src/kernel/http/fields.ts';
import { initialAgeSeconds, planLifetime } from '../../src/kernel/http/freshness.ts';
import { withoutHopByHop } from '../../src/kernel/http/hop-by-hop.ts';
import { parseHttpDate } from '../../src/kernel/http/http-date.ts';
import { parseContentRange, parseRange, singleRange, writeContentRange } from '../../src/kernel/http/range.ts';
import { readWishes } from '../../src/kernel/http/request-directives.ts';
import { firstLanguage, variantKey, varyNames } from '../../src/kernel/http/vary.ts';

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
      const unasked = { negativeSeconds: 1, staleIfErrorSeconds: 9 };
      const fields = ['Cache-Control', text, 'Expires', expires];
      const lifetime = planLifetime({ status: 200, fields }, readCachePolicy(fields), 0, unasked);
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
      expect(evaluateConditions({ ifNoneMatch: list.join(', ') }, { etag: own }, 0)).toBe('not-modified');
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

test('a date written is the date read, in all three forms', () => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  // As far as two digits tell a year: fifty years either way.
  const second = fc.integer({
    min: Date.parse('1977-01-01T00:00:00Z') / 1000,
    max: Date.parse('2076-01-01T00:00:00Z') / 1000,
  });
  fc.assert(
    fc.property(second, (seconds) => {
      const ms = seconds * 1000;
      const imf = new Date(ms).toUTCString();
      const [, day = '', month = '', year = '', time = ''] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(imf) ?? [];
      const name = days[new Date(ms).getUTCDay()] ?? '';
      const old = `${name}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
      const ansi = `${name.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
      for (const text of [imf, old, ansi, imf.toUpperCase()]) expect(parseHttpDate(text, now)).toBe(ms);
    }),
  );
});

test('no text crashes a parser or keeps it long, however long it is', () => {
  const long = fc.tuple(
    fc.constantFrom('"', ',', ' ', ';', '=', '(', 'a', '%"', ':', 'q='),
    fc.integer({ min: 0, max: 20_000 }),
  );
  const value = fc.oneof(
    anyText,
    long.map(([text, times]) => text.repeat(times)),
  );
  fc.assert(
    fc.property(value, (text) => {
      const startedAt = performance.now();
      parseHttpDate(text, 0);
      for (const name of ['cache-control', 'cdn-cache-control', 'surrogate-control']) readCachePolicy([name, text]);
      readWishes(text, text);
      variantKey(['accept-language', 'foo'], { 'accept-language': text, foo: text });
      firstLanguage(text);
      varyNames({ status: 200, fields: ['Vary', text] });
      for (const read of [singleRange, parseContentRange, (value: string) => parseRange(value, 10)]) read(text);
      initialAgeSeconds({ status: 200, fields: ['Age', text, 'Date', text] }, 0, 0);
      const has = { etag: text, lastModified: text, date: text };
      evaluateConditions({ ifMatch: text, ifNoneMatch: text, ifModifiedSince: text, ifUnmodifiedSince: text }, has, 0);
      ifRangeHolds(text, has, 0);
      withoutHopByHop(['Connection', text, text, text]);
      expect(performance.now() - startedAt).toBeLessThan(500);
    }),
  );
});

test('a variant whose wishes are read once more is the same variant', () => {
  const member = fc.tuple(
    fc.constantFrom('de', 'EN', 'fr-CH', '*', 'gzip'),
    fc.constantFrom('', ';q=1', ';q=0.5', '; q=0'),
  );
  fc.assert(
    fc.property(fc.shuffledSubarray(['de', 'EN', 'fr-CH', '*', 'gzip']), fc.array(member), (order, members) => {
      const written = members.map(([what, weight]) => `${what}${weight}`);
      const key = (value: string) => variantKey(['accept-language'], { 'accept-language': value });
      const once = key(written.join(', '));
      expect(key(once.slice('accept-language:='.length))).toBe(once);
      const sorted = [...written].sort((one, other) => order.indexOf(one) - order.indexOf(other));
      expect(key(sorted.join(' ,'))).toBe(once);
    }),
  );
});

test('a part asked for in one spelling is asked for in that spelling, and a place written is the place read', () => {
  const digits = fc.oneof(fc.constant(''), fc.integer({ min: 0, max: 99 }).map(String), fc.constant('007'));
  fc.assert(
    fc.property(digits, digits, fc.nat(200), (first, last, more) => {
      const once = singleRange(`bytes=${first}-${last}`);
      if (once === undefined) return;
      expect(singleRange(once)).toBe(once);
      const totalBytes = 100 + more;
      const range = parseRange(once, totalBytes);
      if (typeof range === 'string') return;
      expect(range).toEqual(parseRange(`bytes=${first}-${last}`, totalBytes));
      expect(parseContentRange(writeContentRange(range, totalBytes))).toEqual({ ...range, totalBytes });
    }),
  );
});

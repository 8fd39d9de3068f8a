import { expect, test } from 'vitest';
import { evaluateConditions, ifRangeHolds } from './conditional.ts';

const EARLIER = 'Mon, 01 Jun 2026 11:00:00 GMT';
const THEN = 'Mon, 01 Jun 2026 12:00:00 GMT';
const LATER = 'Mon, 01 Jun 2026 13:00:00 GMT';
const NOW = Date.parse('2026-07-01T00:00:00Z');
const strong = { etag: '"a"', lastModified: THEN };
const weak = { etag: 'W/"a"', lastModified: THEN };
const undated = { date: THEN };

test.each([
  ['no condition', {}, strong, 'send'],
  ['the same tag', { ifNoneMatch: '"a"' }, strong, 'not-modified'],
  ['a weak one of it', { ifNoneMatch: 'W/"a"' }, strong, 'not-modified'],
  ['one of several', { ifNoneMatch: '"x", "a"' }, strong, 'not-modified'],
  ['a comma inside a tag', { ifNoneMatch: '"x,"a"' }, { etag: '"x,"' }, 'not-modified'],
  ['any', { ifNoneMatch: '*' }, strong, 'not-modified'],
  ['another tag', { ifNoneMatch: '"b"' }, strong, 'send'],
  ['a tag where there is none', { ifNoneMatch: '"a"' }, {}, 'send'],
  ['another tag, whatever the date says', { ifNoneMatch: '"b"', ifModifiedSince: LATER }, strong, 'send'],
  ['unchanged since', { ifModifiedSince: THEN }, strong, 'not-modified'],
  ['changed since', { ifModifiedSince: EARLIER }, strong, 'send'],
  ['since no date', { ifModifiedSince: 'yesterday' }, strong, 'send'],
  ['since an unusual date', { ifModifiedSince: 'Monday, 01-Jun-26 12:00:00 GMT' }, strong, 'not-modified'],
  ['unchanged since it was made, where no change is told', { ifModifiedSince: THEN }, undated, 'not-modified'],
  ['made later, where no change is told', { ifModifiedSince: EARLIER }, undated, 'send'],
  ['a tag without quotes, as it was given', { ifNoneMatch: 'a' }, { etag: 'a' }, 'not-modified'],
  ['a tag with quotes that it was given without', { ifNoneMatch: '"a"' }, { etag: 'a' }, 'send'],
  ['unmodified since no date', { ifUnmodifiedSince: 'yesterday' }, strong, 'send'],
  ['must be the same and is', { ifMatch: '"a"' }, strong, 'send'],
  ['must be the same and is not', { ifMatch: '"b"' }, strong, 'failed'],
  ['must be the same, weakly', { ifMatch: 'W/"a"' }, weak, 'failed'],
  ['must be unchanged and is', { ifUnmodifiedSince: THEN }, strong, 'send'],
  ['must be unchanged and is not', { ifUnmodifiedSince: EARLIER }, strong, 'failed'],
] as const)('%s', (_name, asked, has, outcome) => {
  expect(evaluateConditions(asked, has, NOW)).toBe(outcome);
});

test.each([
  [undefined, strong, true],
  ['"a"', strong, true],
  ['"b"', strong, false],
  ['W/"a"', weak, false],
  [THEN, { ...strong, date: LATER }, true],
  [LATER, { ...strong, date: LATER }, false],
  // Made in the second of the change: the next change may bear the same date.
  [THEN, { ...strong, date: THEN }, false],
  [THEN, strong, false],
  [THEN, {}, false],
] as const)('If-Range %s', (value, has, holds) => {
  expect(ifRangeHolds(value, has, NOW)).toBe(holds);
});

import { expect, test } from 'vitest';
import { evaluateConditions, ifRangeHolds } from './conditional.ts';

const EARLIER = 'Mon, 01 Jun 2026 11:00:00 GMT';
const THEN = 'Mon, 01 Jun 2026 12:00:00 GMT';
const LATER = 'Mon, 01 Jun 2026 13:00:00 GMT';
const strong = { etag: '"a"', lastModified: THEN };
const weak = { etag: 'W/"a"', lastModified: THEN };

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
  ['must be the same and is', { ifMatch: '"a"' }, strong, 'send'],
  ['must be the same and is not', { ifMatch: '"b"' }, strong, 'failed'],
  ['must be the same, weakly', { ifMatch: 'W/"a"' }, weak, 'failed'],
  ['must be unchanged and is', { ifUnmodifiedSince: THEN }, strong, 'send'],
  ['must be unchanged and is not', { ifUnmodifiedSince: EARLIER }, strong, 'failed'],
] as const)('%s', (_name, asked, has, outcome) => {
  expect(evaluateConditions(asked, has)).toBe(outcome);
});

test.each([
  [undefined, strong, true],
  ['"a"', strong, true],
  ['"b"', strong, false],
  ['W/"a"', weak, false],
  [THEN, strong, true],
  [LATER, strong, false],
  [THEN, {}, false],
] as const)('If-Range %s', (value, has, holds) => {
  expect(ifRangeHolds(value, has)).toBe(holds);
});

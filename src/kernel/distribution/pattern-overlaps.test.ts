import { expect, test } from 'vitest';
import { overlaps } from './pattern-overlaps.ts';

test.each([
  [['/a/*', '/a/b/*'], 0],
  [['*', '/a'], 0],
  [['*.jpg', 'images/*.jpg'], 0],
  [['/a', 'a'], 0],
  [['/*', '*'], 0],
  [['/a?', '/ab'], 0],
  [['/a*', '/a?*'], 0],
  [['/a*?', '/a?*'], 0],
  [['/*a*', '/*b*a*b'], 0],
  [['/x', '/*a*', '/ca?b*'], 1],
  [['/*??a', '/*???a'], 0],
  [['/a*b', '/a?b'], 0],
])('of %j the last is never chosen', (patterns, by) => {
  expect(overlaps(patterns).shadowed).toEqual([{ pattern: patterns.length - 1, by }]);
});

test.each([[['/a/b/*', '/a/*']], [['/a', '*']], [['/ab', '/a?']], [['/a*b', '/a*']]])(
  'of %j the narrow one comes first, as it should',
  (patterns) => {
    expect(overlaps(patterns)).toEqual({ shadowed: [], crossing: [] });
  },
);

test.each([[['/a/*', '*.jpg']], [['/a?', '/?b']], [['/*a', '/b*']], [['/a*?', '/*b']], [['/*ab*', '/*ba*']]])(
  'of %j the order decides about some paths',
  (patterns) => {
    expect(overlaps(patterns)).toEqual({ shadowed: [], crossing: [{ first: 0, second: 1 }] });
  },
);

test.each([
  [['/a/*', '/b/*']],
  [['*.jpg', '*.png']],
  [['/a', '/A']],
  [['/a?', '/a']],
  [['/a*b', '/c']],
  [['/*aa', '/b?']],
])('%j have no path in common', (patterns) => {
  expect(overlaps(patterns)).toEqual({ shadowed: [], crossing: [] });
});

test('a pattern that an earlier one shadows crosses nothing any more', () => {
  expect(overlaps(['/a/*', '*.jpg', '/a/*.jpg'])).toEqual({
    shadowed: [{ pattern: 2, by: 0 }],
    crossing: [{ first: 0, second: 1 }],
  });
});

test('patterns as wound as can be are decided in passing', () => {
  const wound = `/${'*a??'.repeat(63)}`;
  expect(overlaps([wound, `${wound}b`, `${'/*a'.repeat(80)}`]).shadowed).toEqual([]);
  expect(overlaps([wound, wound]).shadowed).toEqual([{ pattern: 1, by: 0 }]);
});

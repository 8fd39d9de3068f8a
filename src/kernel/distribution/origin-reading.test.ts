import { describe, expect, test } from 'vitest';
import { mayLeaveRoot, obligingReading } from './origin-reading.ts';

describe('the most obliging reading', () => {
  test.each(['/', '/a', '/a/b.css', '/a?b=%2f', '/ä', '/~x/y_z-1'])('of %s is the only one', (target) => {
    expect(obligingReading(target)).toBeUndefined();
  });

  test.each([
    ['/a%2fb', '/a/b'],
    ['/a%2Fb?c=%2f', '/a/b'],
    ['/a%252fb', '/a/b'],
    ['/a%25252fb', '/a/b'],
    ['/a%2525252fb', '/a%2fb'],
    ['/a\\b', '/a/b'],
    ['/a%5cb', '/a/b'],
    ['/a;x=1/b', '/a/b'],
    ['/a%3bx/b', '/a/b'],
    ['/..;/a', '/../a'],
    ['/a%3fx', '/a'],
    ['/a%23x', '/a'],
    ['/a%00x', '/a'],
    ['/a%0d%0ax', '/a'],
    ['//a', '//a'],
    ['/a/../b', '/a/../b'],
    ['/%c3%a4', '/%c3%a4'],
    ['/%', '/%'],
    ['/%zz', '/%zz'],
  ])('of %s is %s', (target, expected) => {
    expect(obligingReading(target)).toBe(expected);
  });
});

describe('out of its folder', () => {
  test.each([
    ...['/..', '/../a', '/a/../..', '/%2e%2e/a', '/..%2fa', '/%2e%2e%2fa', '/%252e%252e/a', '/..;/a', '/..;x=1/a'],
    ...[
      '/..\\a',
      '/..%5ca',
      '/a/..%2f..',
      '/a/..%5c..%5cb',
      '/a%3f/../..',
      '/a%5cb/../..',
      '/;/..',
      '/./../a',
      '//../a',
    ],
  ])('%s may lead', (target) => expect(mayLeaveRoot(target)).toBe(true));

  test.each(['/', '/a', '/a/../b', '/a/b/../../c', '/a..b', '/..a', '/a?/../..', '/a;b/../c', '/a%2fb/../c', '/...'])(
    '%s does not lead',
    (target) => expect(mayLeaveRoot(target)).toBe(false),
  );
});

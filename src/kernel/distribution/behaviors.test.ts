import { expect, test } from 'vitest';
import { compileBehaviors } from './behaviors.ts';

const choose = compileBehaviors(
  [
    { pathPattern: '/api/*', value: 'api' },
    { pathPattern: '*.jpg', value: 'picture' },
    { pathPattern: '/api*', value: 'never for /api/' },
  ],
  'default',
);

test.each([
  ['/api/x.jpg', 'api'],
  ['/x.jpg', 'picture'],
  ['/apis', 'never for /api/'],
  ['/', 'default'],
])('%s is for %s', (path, value) => {
  expect(choose(path)).toBe(value);
  // The second time from memory.
  expect(choose(path)).toBe(value);
});

test('a path keeps its behaviour however many others are asked for in between', () => {
  for (let n = 0; n < 5_000; n += 1) expect(choose(`/api/${n}`)).toBe('api');
  expect(choose('/x.jpg')).toBe('picture');
  expect(choose('/api/0')).toBe('api');
  expect(choose(`/api/${'x'.repeat(1_000)}`)).toBe('api');
});

test('without patterns everything is for the default', () => {
  expect(compileBehaviors([], 'default')('/x')).toBe('default');
});

test('what stands with a pattern may be undefined', () => {
  const maybe = compileBehaviors<string | undefined>([{ pathPattern: '/a', value: undefined }], 'default');
  expect([maybe('/a'), maybe('/a'), maybe('/b')]).toEqual([undefined, undefined, 'default']);
});

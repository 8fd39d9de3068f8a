import { expect, test } from 'vitest';
import { openShelter } from './session-shelter.ts';

test('a browser that forbids storage has the page keep what it must', () => {
  const shelter = openShelter(() => {
    throw new DOMException('no', 'SecurityError');
  });
  shelter.setItem('a', '1');
  shelter.setItem('b', '2');
  shelter.removeItem('b');
  expect([shelter.getItem('a'), shelter.getItem('b')]).toEqual(['1', null]);
  shelter.clear();
  expect(shelter.getItem('a')).toBeNull();
});

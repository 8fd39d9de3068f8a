import { expect, test } from 'vitest';
import { actionOf } from './keyboard.ts';

const press = (key: string, modifier: object = {}) =>
  actionOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...modifier });

test.each([
  [' ', { kind: 'toggle-play' }],
  ['K', { kind: 'toggle-play' }],
  ['ArrowLeft', { kind: 'seek-by', seconds: -5 }],
  ['l', { kind: 'seek-by', seconds: 10 }],
  ['7', { kind: 'seek-to', share: 0.7 }],
  ['i', { kind: 'toggle-stats' }],
])('the key %j acts', (key, action) => expect(press(key)).toEqual(action));

test('keys with a modifier stay the browser’s', () => {
  expect(press('f', { ctrlKey: true })).toBeUndefined();
  expect(press('ArrowLeft', { altKey: true })).toBeUndefined();
  expect(press('k', { metaKey: true })).toBeUndefined();
});

test.each(['Tab', 'Escape', 'q', 'constructor'])('the key %s is not ours', (key) => expect(press(key)).toBeUndefined());

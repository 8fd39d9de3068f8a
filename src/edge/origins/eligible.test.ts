import { expect, test } from 'vitest';
import { eligible } from './eligible.ts';

const servers = (text: string) =>
  text.split(' ').map((each) => ({ name: each[0], up: !each.includes('d'), admits: !each.includes('o') }));
const asked = (text: string) =>
  eligible(servers(text))
    .map(({ name }) => name)
    .join('');

test.each([
  ['1 2 3', '123'],
  ['1d 2 3', '23'],
  ['1o 2 3d', '2'],
  ['1d 2d', '12'],
  ['1d 2o', '1'],
  ['1do 2d', '2'],
  ['1o 2o', ''],
])('of %s (d: down, o: circuit open) those asked are %j', (text, expected) => {
  expect(asked(text)).toBe(expected);
});

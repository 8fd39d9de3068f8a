import { expect, test } from 'vitest';
import { jsonDepth } from './json-bodies.ts';

test.each([
  ['1', 0],
  ['{}', 1],
  ['{"a":[1,{"b":2}],"c":[[]]}', 3],
  ['"[[[["', 0],
  ['{"[":"\\"[[","a":"\\\\"}', 1],
  ['"[[', 0],
  ['[[[', 3],
  [']]]', 0],
  ['', 0],
])('%s is nested %i deep', (text, depth) => {
  expect(jsonDepth(text)).toBe(depth);
});

import { expect, test } from 'vitest';
import { type InnerList, type Item, parseDictionary } from './structured-field.ts';

/** Members as plain values, so that the tables can be read. */
function plain(text: string): unknown {
  const dictionary = parseDictionary(text);
  return dictionary && Object.fromEntries([...dictionary].map(([key, member]) => [key, plainMember(member)]));
}

function plainMember(member: Item | InnerList): unknown {
  const own = 'item' in member ? member.item.value : member.list.map((each) => each.item.value);
  if (member.parameters.size === 0) return own;
  return [own, Object.fromEntries([...member.parameters].map(([key, item]) => [key, item.value]))];
}

test.each([
  ['', {}],
  ['   ', {}],
  ['max-age=60', { 'max-age': 60 }],
  ['no-store', { 'no-store': true }],
  ['a=1, b=2', { a: 1, b: 2 }],
  ['a=1 ,\t b=2', { a: 1, b: 2 }],
  ['a=1,b=2,a=3', { b: 2, a: 3 }],
  ['a=-7, b=-0', { a: -7, b: 0 }],
  ['a=999999999999999', { a: 999_999_999_999_999 }],
  ['a=1.5, b=-0.125', { a: 1.5, b: -0.125 }],
  ['a="b\\"c\\\\d, e"', { a: 'b"c\\d, e' }],
  ['a=Token/with:signs!', { a: 'Token/with:signs!' }],
  ['a=*', { a: '*' }],
  ['a=?1, b=?0', { a: true, b: false }],
  ['a=:aGk=:', { a: Uint8Array.of(0x68, 0x69) }],
  ['a=::', { a: Uint8Array.of() }],
  ['a=@1659578233', { a: 1_659_578_233 }],
  ['a=%"f%c3%bcr"', { a: 'für' }],
  ['a=(1 "b"  c), d=()', { a: [1, 'b', 'c'], d: [] }],
  ['a=(1;x 2);y', { a: [[1, 2], { y: true }] }],
  ['a=1;b;c=?0;b=2', { a: [1, { c: false, b: 2 }] }],
  ['a;x=1, b', { a: [true, { x: 1 }], b: true }],
  ['*key.with-all_of*1=1', { '*key.with-all_of*1': 1 }],
])('reads %j', (text, expected) => {
  expect(plain(text)).toEqual(expected);
});

test.each([
  'A=1',
  '1a=1',
  '-a=1',
  'a=1,',
  ',a=1',
  'a=1,,b=2',
  'a=1 b=2',
  'a =1',
  'a= 1',
  'a=',
  'a=-',
  'a=1.',
  'a=.5',
  'a=1.2345',
  'a=1234567890123.1',
  'a=1000000000000000',
  'a=1e3',
  'a="b',
  'a="b\\c"',
  'a="b\tc"',
  'a="ü"',
  'a=&',
  'a=?2',
  'a=?',
  'a=:aGk',
  'a=:a:',
  'a=:a-b_:',
  'a=@1.5',
  'a=@',
  'a=%"%C3%BC"',
  'a=%"%c3"',
  'a=%"%zz"',
  'a=%x',
  'a=(1',
  'a=(1,2)',
  'a=(1"b")',
  'a=1;',
  'a=1;B',
  'a=1; ;b',
  '\ta=1',
  'a=1\n',
  'max-age=10000, &&&&&',
])('takes all of %j as not sent', (text) => {
  expect(parseDictionary(text)).toBeUndefined();
});

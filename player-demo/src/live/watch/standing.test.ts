import { expect, test } from 'vitest';
import { followStanding, helpFor, type Look, nextMedia, type Standing } from './standing.ts';

const still: Look = {
  stands: true,
  atSeconds: 20,
  buffered: [[10, 20.1]],
  isLoading: false,
  listedSeconds: 25,
  isOver: false,
};
const ahead: Look['buffered'] = [[10, 23]];
const beyond: Look['buffered'] = [
  [10, 20.1],
  [22.5, 25],
];

/** What is done at each of the looks. */
function helps(looks: readonly Look[]): (string | undefined)[] {
  let standing: Standing | undefined;
  return looks.map((look) => {
    standing = followStanding(standing, look);
    return standing && helpFor(standing, look);
  });
}

const times = (count: number, look: Look) => Array.from({ length: count }, () => look);

test.each<[string, Look, string]>([
  ['nothing is loaded any more', still, 'load'],
  ['media is there, whatever is being loaded', { ...still, buffered: ahead, isLoading: true }, 'skip'],
  ['media is there behind a hole', { ...still, buffered: beyond }, 'skip'],
])('a picture that stands while %s is helped after five seconds, and made anew after ten', (_, look, help) => {
  const none = times(4, still).map(() => undefined);
  expect(helps(times(10, look))).toEqual([...none, help, ...none, 'renew']);
});

test('a skip that does not help is no new place, and one that does is', () => {
  const before = times(5, { ...still, buffered: ahead });
  const after = times(5, { ...still, buffered: ahead, atSeconds: 20.1 });
  expect(helps([...before, ...after]).at(-1)).toBe('renew');
  const further = times(5, { ...still, buffered: [[22.5, 27]], atSeconds: 22.6 });
  expect(helps([...before, ...further]).at(-1)).toBe('skip');
});

test.each<[string, Look]>([
  ['a slow network', { ...still, isLoading: true }],
  ['a slow network after a seek, with old media further on', { ...still, buffered: beyond, isLoading: true }],
  ['a publisher that is away', { ...still, listedSeconds: 20.2 }],
  ['a picture that moves or is paused', { ...still, stands: false }],
])('%s is nothing to be helped with', (_, look) => {
  expect(helps(times(30, look)).filter(Boolean)).toEqual([]);
});

test('a player that has gone on meanwhile is looked at from the beginning', () => {
  expect(helps([...times(4, still), { ...still, stands: false }, ...times(4, still)]).filter(Boolean)).toEqual([]);
});

test.each<[string, readonly Look[], (string | undefined)[]]>([
  ['and waits', times(2, { ...still, isOver: true, listedSeconds: 20.1 }), [undefined, 'end']],
  ['and waits with media there', times(2, { ...still, isOver: true, buffered: ahead }), [undefined, 'end']],
  ['and loads', times(3, { ...still, isOver: true, isLoading: true }), [undefined, undefined, undefined]],
])('of a broadcast that is over nothing more comes to a player that stands %s', (_, looks, expected) => {
  expect(helps(looks)).toEqual(expected);
});

test.each<[string, Look['buffered'], number | undefined]>([
  ['there is enough here', ahead, 20.1],
  ['the next begins behind a hole', beyond, 22.6],
  ['there is none', [[10, 20.1]], undefined],
])('where to go on: %s', (_, buffered, expected) => {
  expect(nextMedia({ atSeconds: 20, buffered })).toBe(expected);
});

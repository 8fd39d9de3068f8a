import { expect, test } from 'vitest';
import type { Level } from '../../player/levels.ts';
import { markAbsent, renditionOf } from './absent-levels.ts';

const level = (rendition?: string): Level => ({
  index: 0,
  label: '',
  width: 0,
  height: 0,
  bitrateBps: 0,
  codecs: '',
  ...(rendition === undefined ? {} : { rendition }),
});

test.each([
  ['that the session lacks is not there now', ['1080p', '360p'], ['360p', 'audio'], ['1080p']],
  ['is there while nothing is known of the session', ['1080p', '360p'], undefined, []],
  ['without a name is there', [undefined], ['360p'], []],
] as const)('a quality %s', (_name, offered, present, absent) => {
  const marked = markAbsent(offered.map(level), present);
  expect(marked.filter(({ isAbsent }) => isAbsent).map(({ rendition }) => rendition)).toEqual(absent);
});

test.each([
  ['https://edge/live/ls_a/b3/720p/index.m3u8', '720p'],
  ['https://edge/t/x.y.z/live/ls_a/b12/360p/index.m3u8?Policy=a/b', '360p'],
  ['https://edge/assets/as_a/v1/360p/index.m3u8', undefined],
])('%s is of %s', (url, rendition) => expect(renditionOf(url)).toBe(rendition));

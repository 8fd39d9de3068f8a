import { expect, test } from 'vitest';
import { channelNote, trackName } from './tracks.ts';

test.each([
  ['1', 'mono'],
  ['2', 'stereo'],
  ['6', '5.1'],
  ['16/JOC', undefined],
  [undefined, undefined],
])('channels %s are called %s', (channels, note) => expect(channelNote(channels)).toBe(note));

test('the chosen track is called by its label, and no track as told', () => {
  const tracks = [{ id: 3, label: 'German' }];
  expect(trackName({ tracks, chosen: 3 }, 'Off')).toBe('German');
  expect(trackName({ tracks, chosen: -1 }, 'Off')).toBe('Off');
});

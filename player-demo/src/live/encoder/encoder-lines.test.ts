import { expect, test } from 'vitest';
import { DOORS, type Door, ffmpegLine, obsSettings } from './encoder-lines.ts';

const INGEST = {
  rtmp: 'rtmp://live.example:1935/live',
  rtmps: 'rtmps://live.example:1936/live',
  srt: 'srt://live.example:8890',
  whip: 'https://live.example/live/whip',
};
const named = (door: Door) =>
  Object.fromEntries(obsSettings(door, INGEST, 'lsk_x').map(({ name, value }) => [name, value]));

test('every door has the key where OBS looks for it, and asks for a key frame every 2 s', () => {
  expect(named('rtmp')).toMatchObject({ Server: INGEST.rtmp, 'Stream key': 'lsk_x', 'Keyframe interval': '2 s' });
  expect(named('rtmps')).toMatchObject({ Server: INGEST.rtmps, 'Stream key': 'lsk_x', 'Keyframe interval': '2 s' });
  expect(named('srt')).toMatchObject({ Server: `${INGEST.srt}?streamid=lsk_x`, 'Stream key': 'leave empty' });
  expect(named('whip')).toMatchObject({ Service: 'WHIP', Server: INGEST.whip, 'Bearer token': 'lsk_x' });
});

test('whatever has the key in it says so: it is not on the page before it is asked for', () => {
  for (const { door } of DOORS) {
    const leaks = obsSettings(door, INGEST, 'lsk_x').filter(
      ({ value, isSecret }) => value.includes('lsk_x') && !isSecret,
    );
    expect(leaks).toEqual([]);
  }
});

test('ffmpeg is told where the key goes at each door, and nothing for a door that it does not speak', () => {
  expect(ffmpegLine('rtmp', INGEST, 'lsk_x')).toMatch(/-g 60 .* -f flv "rtmp:\/\/live\.example:1935\/live\/lsk_x"$/);
  expect(ffmpegLine('rtmps', INGEST, 'lsk_x')).toMatch(/-f flv "rtmps:\/\/live\.example:1936\/live\/lsk_x"$/);
  expect(ffmpegLine('srt', INGEST, 'lsk_x')).toMatch(/-f mpegts "srt:\/\/live\.example:8890\?streamid=lsk_x"$/);
  expect(ffmpegLine('whip', INGEST, 'lsk_x')).toBeUndefined();
});

test('the door that keeps the key to itself is the first one', () => {
  expect(DOORS[0]?.door).toBe('rtmps');
});

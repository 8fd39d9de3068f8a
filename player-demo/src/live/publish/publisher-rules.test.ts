import { expect, test } from 'vitest';
import { chooseContainer, isHopeless, isTooFarBehind, outcomeOf, queueSeconds } from './publisher-rules.ts';

test.each([
  ['a browser that records H.264', true, /./, 'video/x-matroska;codecs=avc1,opus'],
  ['one that does so in WebM alone', true, /webm/, 'video/webm;codecs=h264,opus'],
  ['one without H.264', true, /vp[89]/, 'video/webm;codecs=vp8,opus'],
  ['a picture without sound', false, /./, 'video/x-matroska;codecs=avc1'],
  ['one that names nothing it can', true, /never/, 'video/webm'],
])('%s gets the best container it can write', (_name, hasSound, able, wanted) => {
  expect(chooseContainer(hasSound, (type) => able.test(type))).toBe(wanted);
});

test('what waits in the browser counts in seconds of the broadcast', () => {
  expect(queueSeconds(250_000, 2_000_000)).toBe(1);
  expect(isTooFarBehind(queueSeconds(250_000, 2_000_000))).toBe(false);
  expect(isTooFarBehind(queueSeconds(2_500_000, 2_000_000))).toBe(true);
});

test('a key that is refused stays refused, and a place that is taken may become free', () => {
  expect(isHopeless('STREAM_KEY_REFUSED')).toBe(true);
  expect(isHopeless('LIVE_STREAM_BUSY')).toBe(false);
});

test('a broadcast that somebody has ended is over, and was not refused', () => {
  expect(outcomeOf('LIVE_STREAM_ENDED')).toEqual({ phase: 'finished' });
  expect(outcomeOf('LIVE_STREAM_DISABLED')).toEqual({ phase: 'refused', code: 'LIVE_STREAM_DISABLED' });
});

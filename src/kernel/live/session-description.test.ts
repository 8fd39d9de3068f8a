import { expect, test } from 'vitest';
import { readTracks, writeRtpDescription } from './session-description.ts';

const section = (media: string, ...codecs: readonly string[]) =>
  [media, ...codecs.map((codec) => `a=rtpmap:${codec}`), ''].join('\r\n');
const OFFER = [
  'v=0\r\ns=-\r\n',
  section('m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0', '111 opus/48000/2', '63 red/48000/2', '0 PCMU/8000'),
  section(
    'm=video 9 UDP/TLS/RTP/SAVPF 98 96 97 102 103',
    '98 VP9/90000',
    '96 VP8/90000',
    '97 rtx/90000',
    '102 H264/90000',
  ),
].join('');

test('the codec that an offer prefers among those that are read here is taken', () => {
  expect(readTracks(OFFER)).toEqual([
    { kind: 'audio', codec: 'opus', payloadTypes: [111] },
    { kind: 'video', codec: 'VP8', payloadTypes: [96] },
  ]);
});

test('several payload types of one codec are all its own', () => {
  const h264 = section('m=video 9 UDP/TLS/RTP/SAVPF 102 104', '102 H264/90000', '104 h264/90000');
  expect(readTracks(h264)).toEqual([{ kind: 'video', codec: 'H264', payloadTypes: [102, 104] }]);
});

test('what is refused, unknown or no description has no tracks', () => {
  const refused = section('m=video 0 UDP/TLS/RTP/SAVPF 96', '96 VP8/90000');
  const unknown = section('m=video 9 UDP/TLS/RTP/SAVPF 45', '45 AV1/90000');
  expect([refused, unknown, '', 'm=', '\0'].map(readTracks)).toEqual([[], [], [], [], []]);
});

test('a second picture is left out', () => {
  expect(readTracks(OFFER + section('m=video 9 UDP/TLS/RTP/SAVPF 96', '96 VP8/90000'))).toHaveLength(2);
});

test('ffmpeg is told where each track comes', () => {
  const text = writeRtpDescription([{ kind: 'video', codec: 'H264', payloadTypes: [102], port: 5_004 }]);
  expect(text).toContain('m=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n');
});

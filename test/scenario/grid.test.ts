import { afterAll, beforeAll, describe, test } from 'vitest';
import { joinParts, type Part } from '../harness/joined-clip.ts';
import { closeFilms, expectOneFilm, H264, openFilms, type Shape, TALL, turn } from '../harness/one-film.ts';
import { ffmpegTool } from '../harness/transcode-scenario.ts';

beforeAll(openFilms);
afterAll(closeFilms);

const HEVC_10 = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p10le',
  '-x265-params',
  'log-level=none',
];
const HDR = (transfer: string) => [
  ...['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', '-color_range', 'tv'],
];

describe('a chunk encoded on its own is what an encode in order makes of it, picture by picture', () => {
  const shapes: Readonly<Record<string, Shape>> = {
    '23.976 frames a second': { rate: '24000/1001', size: TALL },
    '24 frames a second': { rate: '24', size: TALL, sound: { layout: 'stereo', rate: 48_000 } },
    '25 frames a second': { rate: '25', size: TALL },
    '29.97 frames a second': { rate: '30000/1001', size: TALL, sound: { layout: 'stereo', rate: 44_100 } },
    '50 frames a second': { rate: '50', size: TALL },
    '59.94 frames a second': { rate: '60000/1001', size: TALL },
    '12.5 frames a second, which is no rate of the grid': { rate: '25/2' },
    'a variable rate, in milliseconds': { rate: '30', keeps: 'not(between(mod(n,7),3,4))', container: 'mkv' },
    'a variable rate with a still of two seconds': { rate: '60', keeps: 'not(between(t,3,5))*gt(mod(n,5),1)' },
    'B-frames that refer to B-frames': {
      video: [...H264, '-bf', '4', '-b_strategy', '0', '-x264-params', 'b-pyramid=normal'],
    },
    'open groups of pictures': {
      video: [...H264, '-bf', '3', '-b_strategy', '0', '-g', '40', '-x264-params', 'open-gop=1'],
    },
    'open groups of pictures in a transport stream': {
      video: [...H264, '-bf', '3', '-b_strategy', '0', '-g', '40', '-x264-params', 'open-gop=1'],
      container: 'ts',
    },
    'one key frame in the whole film': { video: [...H264, '-g', '9999'] },
    'one key frame in a whole transport stream': {
      video: [...H264, '-g', '9999'],
      container: 'ts',
      seconds: 21,
      range: [4, 6],
    },
    'oblong pixels': { size: TALL, filters: ['setsar=16/11'] },
    interlaced: { size: TALL, video: [...H264, '-flags', '+ildct+ilme', '-x264-params', 'tff=1'] },
    'interlaced MPEG-2': {
      video: ['-c:v', 'mpeg2video', '-q:v', '2', '-flags', '+ildct+ilme', '-top', '1'],
      container: 'ts',
    },
    'ten bits': { video: [...H264, '-pix_fmt', 'yuv420p10le'] },
    'HDR by PQ': { video: [...HEVC_10, ...HDR('smpte2084')] },
    'HDR by HLG': { video: [...HEVC_10, ...HDR('arib-std-b67')] },
    'odd sizes': { size: '143x81', video: ['-c:v', 'ffv1', '-pix_fmt', 'yuv444p'], container: 'mkv' },
    // The range is one where ffmpeg's AAC encoder, with less to spend, made another frame twice as loud.
    mono: { sound: { layout: 'mono', rate: 44_100 }, range: [1, 3] },
    '5.1': { sound: { layout: '5.1', rate: 48_000, codec: 'ac3' }, container: 'mkv' },
    'timestamps that start late, in Matroska': { output: ['-output_ts_offset', '100.5'], container: 'mkv' },
    'timestamps that start late, in a transport stream': { output: ['-output_ts_offset', '4000'], container: 'ts' },
    'timestamps that start late, in MP4': { output: ['-output_ts_offset', '7.3'] },
    'a transport stream whose clock wraps around': {
      output: ['-output_ts_offset', '95438', '-muxdelay', '0'],
      container: 'ts',
    },
    'no key frame at its start': {
      video: [...H264, '-g', '30'],
      container: 'ts',
      rework: (from, to) => ffmpegTool('-i', from, '-c', 'copy', '-bsf:v', "noise=drop='lt(n,17)'", to),
    },
    'two transport streams joined, of which the second begins its clock anew': {
      size: TALL,
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [part(0, 0), part(4, 0)]),
      showsMade: true,
      container: 'ts',
    },
    'a clock that jumps ahead by ten minutes, and back again': {
      rate: '30000/1001',
      seconds: 13.1,
      video: [...H264, '-bf', '2', '-b_strategy', '0', '-g', '60'],
      rework: (from, to) => joinParts(from, to, [part(0, 30), part(4.004, 640), part(8.008, 3)]),
      showsMade: true,
      container: 'ts',
    },
    'a clock that jumps from right before its wrap to an hour': {
      rate: '24000/1001',
      sound: { layout: 'stereo', rate: 44_100 },
      rework: (from, to) => joinParts(from, to, [part(0, 2 ** 33 / 90_000 - 3), part(4.171, 3_600)]),
      showsMade: true,
      container: 'ts',
    },
    'other numbers and another program in the second of two joined transport streams': {
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), options: OTHER_NUMBERS }]),
      showsMade: true,
      container: 'ts',
    },
    'sound under the number of the picture in the second of two joined transport streams': {
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), streams: ['0:a', '0:v'] }]),
      showsMade: true,
      container: 'ts',
    },
    'half a packet where two transport streams are joined': {
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [{ ...part(0, 0), lacksBytes: 100 }, part(4, 0)]),
      showsMade: true,
      container: 'ts',
    },
    'M2TS of 192 bytes a packet, joined under other numbers': {
      sound: { layout: 'stereo', rate: 48_000, codec: 'ac3' },
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), options: OTHER_NUMBERS }]),
      showsMade: true,
      container: 'm2ts',
    },
    'larger pictures in the second of two joined transport streams': {
      size: TALL,
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), options: scaled('256:144') }]),
      showsMade: true,
      container: 'ts',
    },
    'smaller pictures in the second of two joined transport streams': {
      size: TALL,
      sound: { layout: 'stereo', rate: 48_000 },
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), options: scaled('64:36') }]),
      showsMade: true,
      container: 'ts',
    },
    'a plain Flash video': { sound: FLASH_SOUND, range: [2, 3], container: 'flv' },
    'two Flash videos joined': {
      sound: FLASH_SOUND,
      rework: (from, to) => joinParts(from, to, [part(0, 0), part(4, 0)]),
      showsMade: true,
      range: [2, 3],
      container: 'flv',
    },
    'Flash video whose clock begins anew where a broadcast was interrupted': {
      sound: FLASH_SOUND,
      video: [...H264, '-bf', '2', '-b_strategy', '0'],
      // Behind the header of the file, as a recorder goes on that keeps the file open.
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), beginsAtByte: 13 }]),
      showsMade: true,
      range: [2, 3],
      container: 'flv',
    },
    'pictures of another size in the second of two joined Flash videos': {
      // From where the set-up of the second has gone by.
      size: TALL,
      sound: FLASH_SOUND,
      rework: (from, to) => joinParts(from, to, [part(0, 0), { ...part(4, 0), options: scaled('256:144') }]),
      showsMade: true,
      range: [2, 3],
      container: 'flv',
    },
    'half a tag where two Flash videos are joined': {
      rework: (from, to) => joinParts(from, to, [{ ...part(0, 0), lacksBytes: 10 }, part(4, 0)]),
      showsMade: true,
      container: 'flv',
    },
    'a plain Ogg of Theora and Vorbis': { sound: SIDE, video: THEORA, container: 'ogg' },
    'a chain of two Oggs of Theora and Vorbis': {
      sound: SIDE,
      video: THEORA,
      rework: (from, to) => joinParts(from, to, [part(0, 0), part(4, 0)]),
      showsMade: true,
      range: [2, 3],
      container: 'ogg',
    },
    'two MPEG-2 program streams joined': {
      // Packs hold two thousand bytes: pictures smaller than that would share one, and its time.
      filters: ['scale=320:180:flags=neighbor,noise=alls=12:allf=t'],
      video: ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '25'],
      sound: { layout: 'stereo', rate: 48_000, codec: 'mp2' },
      rework: (from, to) => joinParts(from, to, [part(0, 0), part(5, 0)]),
      showsMade: true,
      madeAs: 'mp4',
      container: 'vob',
    },
    'turned on its side': { upright: true, rework: turn },
  };
  test.each(Object.entries(shapes))('%s', (name, shape) => expectOneFilm(fileName(name), shape));
});

/** Of a transport stream's programs and streams, where ffmpeg's own are others. */
const OTHER_NUMBERS = [...['-mpegts_service_id', '7', '-mpegts_pmt_start_pid', '0x120', '-mpegts_start_pid', '0x345']];

/**
 * Its clock counts whole milliseconds, and a chunk with a join in it makes up for a few of them slowly: what is encoded on
 * its own begins where a chunk in order does, behind the join.
 */
const FLASH_SOUND = { layout: 'stereo', rate: 44_100 };
const THEORA = ['-c:v', 'libtheora', '-q:v', '8', '-g', '50'];
const SIDE = { layout: 'stereo', rate: 48_000, codec: 'libvorbis' };

function scaled(size: string): string[] {
  return [...H264, '-vf', `scale=${size}:flags=neighbor`];
}

function part(fromSeconds: number, clockSeconds: number): Part {
  return { fromSeconds, clockSeconds };
}

function fileName(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
}

import { describe, expect, test } from 'vitest';
import { readProbe } from './probe.ts';

const VIDEO = {
  index: 0,
  codec_type: 'video',
  codec_name: 'h264',
  width: 854,
  height: 480,
  sample_aspect_ratio: '1:1',
  avg_frame_rate: '24/1',
  r_frame_rate: '24/1',
  time_base: '1/12288',
  start_pts: 0,
  duration: '30.000000',
  disposition: { attached_pic: 0 },
};
const AUDIO = { index: 1, codec_type: 'audio', codec_name: 'aac', sample_rate: '48000', channels: 6, start_time: '0' };
const probe = (...streams: object[]) =>
  readProbe({ format: { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', duration: '30.02' }, streams });

describe('streams', () => {
  test('pictures and sound are found, with the lengths of streams before that of the whole', () => {
    const { container, video, audio } = probe(VIDEO, AUDIO);
    expect(container).toBe('mov');
    expect(video).toMatchObject({ streamIndex: 0, frameRate: { num: 24, den: 1 }, durationSeconds: 30 });
    expect(audio).toMatchObject({ streamIndex: 1, channels: 6, durationSeconds: 30.02 });
  });

  test('a cover picture makes no film of sound', () => {
    expect(probe({ ...VIDEO, disposition: { attached_pic: 1 } }, AUDIO).video).toBeUndefined();
  });

  test('a cover picture does not stand in for the film behind it', () => {
    const cover = { ...VIDEO, disposition: { attached_pic: 1 } };
    expect(probe(cover, { ...VIDEO, index: 2 }).video?.streamIndex).toBe(2);
  });

  test.each([
    ['no streams', []],
    ['data alone', [{ index: 0, codec_type: 'data' }]],
    ['a codec nobody knows', [{ ...VIDEO, codec_name: 'unknown' }]],
    ['a picture without a size', [{ ...VIDEO, width: 0 }]],
    ['sound without channels', [{ ...AUDIO, channels: 0 }]],
  ])('%s is SOURCE_NO_STREAMS', (_name, streams) => {
    expect(() => probe(...streams)).toThrow(expect.objectContaining({ code: 'SOURCE_NO_STREAMS' }));
  });

  test('an answer that is no object is SOURCE_NO_STREAMS', () => {
    expect(() => readProbe(null)).toThrow(expect.objectContaining({ code: 'SOURCE_NO_STREAMS' }));
  });
});

describe('tracks of sound', () => {
  const track = (index: number, more: object = {}) => ({ ...AUDIO, index, ...more });

  test('the one marked as default comes first, the others follow in order', () => {
    const found = probe(
      VIDEO,
      track(1),
      track(2, { disposition: { default: 1 } }),
      track(3, { disposition: { default: 1 } }),
    );
    expect(found.audio?.streamIndex).toBe(2);
    expect(found.otherAudio?.map(({ streamIndex }) => streamIndex)).toEqual([1, 3]);
  });

  test('more than sixteen are noted, not encoded', () => {
    const found = probe(VIDEO, ...Array.from({ length: 18 }, (_, at) => track(at + 1, { tags: { language: 'fre' } })));
    expect(found.otherAudio).toHaveLength(15);
    expect(found.leftOut).toEqual(Array(2).fill({ kind: 'audio', why: 'too-many', language: 'fr' }));
  });

  test.each([
    ['audio description', { visual_impaired: 1 }, 'description'],
    ['clear speech', { hearing_impaired: 1 }, 'clear-speech'],
    ['a commentary', { comment: 1 }, 'commentary'],
    ['nothing special', { default: 1 }, undefined],
  ])('%s is told by its disposition', (_name, disposition, role) => {
    expect(probe(track(0, { disposition })).audio?.role).toBe(role);
  });

  test.each([
    ['a title', { title: 'Director', handler_name: 'x' }, 'Director'],
    ["a handler's name", { handler_name: 'Deutsch' }, 'Deutsch'],
    ["a muxer's own name", { handler_name: 'SoundHandler' }, undefined],
    ['blanks', { title: '  ' }, undefined],
  ])('%s as title', (_name, tags, title) => expect(probe(track(0, { tags })).audio?.title).toBe(title));
});

describe('details', () => {
  const video = (more: object) => probe({ ...VIDEO, ...more }).video;
  test.each([
    ['a turn', { side_data_list: [{ rotation: -90 }] }, { rotation: -90 }],
    ['a turn that is not quite right', { side_data_list: [{ rotation: 89.6 }] }, { rotation: 90 }],
    ['oblong pixels', { sample_aspect_ratio: '16:11' }, { pixelShape: { num: 16, den: 11 } }],
    ['an unknown pixel shape', { sample_aspect_ratio: '0:1' }, { pixelShape: { num: 1, den: 1 } }],
    ['an absurd pixel shape', { sample_aspect_ratio: '4000:1' }, { pixelShape: { num: 1, den: 1 } }],
    ['an unknown average rate', { avg_frame_rate: '0/0', r_frame_rate: '50/1' }, { frameRate: { num: 50, den: 1 } }],
    ['a length in a tag', { duration: undefined, tags: { DURATION: '00:01:02.500000000' } }, { durationSeconds: 62.5 }],
    ['interlaced fields', { field_order: 'tb' }, { interlaced: true }],
    ['an untagged small picture', {}, { matrix: 'bt601' }],
    ['an untagged large picture', { height: 1080 }, { matrix: 'bt709' }],
    ['a tagged picture', { color_space: 'bt709' }, { matrix: 'bt709' }],
    [
      'high dynamic range',
      { color_transfer: 'smpte2084', color_space: 'bt2020nc' },
      { transfer: 'pq', matrix: 'bt2020' },
    ],
  ])('%s', (_name, given, expected) => expect(video(given)).toMatchObject(expected));

  test.each([
    ['eng', 'en'],
    ['ger', 'de'],
    ['und', undefined],
    ['x'.repeat(40), undefined],
  ])('the language tag %s becomes %s', (language, expected) => {
    expect(probe({ ...AUDIO, tags: { language } }).audio?.language).toBe(expected);
  });
});

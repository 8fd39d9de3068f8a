import { describe, expect, test } from 'vitest';
import { readLabel } from './label.ts';

describe('readLabel', () => {
  test('titles an asset after its file, without the extension', () => {
    expect(readLabel({ filename: 'my.holiday.mp4' })).toEqual({
      title: 'my.holiday',
      policy: 'public',
      fileName: 'my.holiday.mp4',
    });
  });

  test('keeps the last part of a path only, and no control characters', () => {
    expect(readLabel({ filename: 'C:\\films\\a\u0000b.mov' }).fileName).toBe('ab.mov');
    expect(readLabel({ filename: '../../etc/passwd' }).fileName).toBe('passwd');
  });

  test('has a name for a source without one', () => {
    expect(readLabel({})).toEqual({ title: 'source', policy: 'public', fileName: 'source' });
    expect(readLabel({ filename: null, policy: '' }).fileName).toBe('source');
  });

  test('cuts a title made from a long file name, refuses one that was given', () => {
    const long = 'x'.repeat(240);
    expect(readLabel({ filename: long }).title).toHaveLength(200);
    expect(() => readLabel({ title: long })).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  });

  test('reads what the sound is to be brought to', () => {
    expect(readLabel({ loudness: '-23' }).loudnessLufs).toBe(-23);
    expect(readLabel({ loudness: '-16.5' }).loudnessLufs).toBe(-16.5);
    expect(readLabel({ loudness: '' })).not.toHaveProperty('loudnessLufs');
    for (const loudness of ['3', '-80', 'loud', '0']) {
      expect(() => readLabel({ loudness })).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
    }
  });

  test('refuses a policy that is none', () => {
    expect(() => readLabel({ policy: 'secret' })).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  });
});

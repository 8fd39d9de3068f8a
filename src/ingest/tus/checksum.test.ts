import { expect, test } from 'vitest';
import { parseChecksum } from './checksum.ts';

test('a checksum is an algorithm and Base64', () => {
  expect(parseChecksum(undefined)).toBeUndefined();
  expect(parseChecksum('sha1 AAEC')).toEqual({ algorithm: 'sha1', digest: Buffer.from([0, 1, 2]) });
});

test.each(['', 'sha1', 'crc32 AAEC', 'sha1 not/base64!', 'SHA1 AAEC'])('the header %j is refused', (header) => {
  expect(() => parseChecksum(header)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
});

import { expect, test } from 'vitest';
import { parseCursor, writeCursor } from './paging.ts';

test('a cursor says where it was written', () => {
  const position = { createdAtMs: 1_800_000_000_000, id: 'as_k3v9mn2p4q7r8s5t' };
  expect(parseCursor(writeCursor(position))).toEqual(position);
  expect(writeCursor(position)).toMatch(/^[A-Za-z0-9_-]+$/);
});

test.each([
  '',
  'x',
  'bm9uc2Vuc2U',
  Buffer.from('["a",1]').toString('base64url'),
  Buffer.from('{}').toString('base64url'),
])('the text %j is no cursor', (text) =>
  expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' })),
);

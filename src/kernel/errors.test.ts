import { expect, test } from 'vitest';
import { Fault } from './errors.ts';

test.each([
  ['a full file system', { code: 'ENOSPC' }, 'STORAGE_FULL'],
  ['a used-up quota', { code: 'EDQUOT' }, 'STORAGE_FULL'],
  ['a full embedded database', { code: 'ERR_SQLITE_ERROR', errcode: 13 }, 'STORAGE_FULL'],
  ['anything else', { code: 'EIO' }, 'INTERNAL'],
  ['nothing', undefined, 'INTERNAL'],
])('%s is told by its code', (_, thrown, code) => {
  const fault = Fault.from(thrown);
  expect([fault.code, fault.cause]).toEqual([code, thrown]);
});

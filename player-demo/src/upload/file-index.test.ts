import { expect, test } from 'vitest';
import { findIndexAtEnd } from './file-index.ts';

function box(type: string, bytes: number, large = false): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(bytes);
  const view = new DataView(made.buffer);
  view.setUint32(0, large ? 1 : bytes);
  made.set(new TextEncoder().encode(type), 4);
  if (large) view.setBigUint64(8, BigInt(bytes));
  return made;
}

const FTYP = box('ftyp', 24);

test.each([
  ['behind the media', [FTYP, box('free', 8), box('mdat', 1000), box('moov', 100)], 1032],
  ['behind media with a long size', [FTYP, box('mdat', 1000, true), box('moov', 100)], 1024],
  ['in front', [FTYP, box('moov', 100), box('mdat', 1000)], undefined],
  ['in a file that begins otherwise', [box('RIFF', 24), box('mdat', 1000), box('moov', 100)], undefined],
  ['nowhere', [FTYP, box('mdat', 1000)], undefined],
  ['in a file with a box that cannot be', [FTYP, box('mdat', 1000).fill(0, 0, 4), box('moov', 100)], undefined],
  ['in an empty file', [], undefined],
])('an index %s is found where it is sent ahead', async (_, parts, place) => {
  expect(await findIndexAtEnd(new Blob(parts))).toBe(place);
});

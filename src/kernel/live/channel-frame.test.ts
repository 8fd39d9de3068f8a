import { expect, test } from 'vitest';
import { type FrameHeader, parseFrameHeader, writeFrame } from './channel-frame.ts';

const HEADER: FrameHeader = {
  ...{ kind: 'part', isIndependent: true, isDiscontinuity: true, rendition: 2, broadcast: 3, session: 4, sequence: 5 },
  ...{ part: 6, timescale: 90_000, durationTicks: 30_000, startTicks: 0x1_0000_0002, clockMs: 1_790_000_000_000.5 },
};

/** Written out by hand from the table in `docs/channel.md`, which others read it by. */
const BYTES = [
  ...['01', '02', '03', '02', '00000003', '00000004', '00000005', '00000006', '00015f90', '00007530', '00000000'],
  '0000000100000002',
].join('');

test('a frame is what the table says, byte by byte', () => {
  const frame = Buffer.from(writeFrame(HEADER, Buffer.from('moof')));
  expect(frame.subarray(0, 40).toString('hex')).toBe(BYTES);
  expect(frame.readDoubleBE(40)).toBe(HEADER.clockMs);
  expect(frame.subarray(48).toString()).toBe('moof');
  expect(Buffer.from(writeFrame({ ...HEADER, kind: 'init' }, Buffer.alloc(0)))[1]).toBe(1);
});

test.each([
  ['of another version', 0, 2],
  ['of another kind', 1, 3],
  ['with a flag that there is not', 2, 4],
  ['with something where nothing is to be', 31, 1],
  ['that begins later than numbers go', 32, 0x40],
])('a frame %s is none', (_, at, byte) => {
  const frame = writeFrame(HEADER, Buffer.alloc(0));
  frame[at] = byte;
  expect(parseFrameHeader(frame)).toBeUndefined();
});

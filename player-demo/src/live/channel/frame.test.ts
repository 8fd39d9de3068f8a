import { expect, test } from 'vitest';
import { readFrame } from './frame.ts';

function frame(change: (view: DataView) => void = () => {}): ArrayBuffer {
  const bytes = new ArrayBuffer(50);
  const view = new DataView(bytes);
  view.setUint8(0, 1);
  view.setUint8(1, 2);
  view.setUint8(2, 1);
  view.setUint8(3, 4);
  view.setUint32(4, 3);
  view.setUint32(8, 2);
  view.setUint32(20, 90_000);
  view.setUint32(24, 30_000);
  view.setBigUint64(32, 900_000n);
  view.setFloat64(40, 1_790_000_000_512);
  change(view);
  return bytes;
}

test('a frame is read with its times in seconds and its media behind the header', () => {
  const read = readFrame(frame());
  expect(read).toMatchObject({ kind: 'part', isIndependent: true, rendition: 4, broadcast: 3, session: 2 });
  expect(read?.startSeconds).toBe(10);
  expect(read?.durationSeconds).toBeCloseTo(1 / 3);
  expect(read?.clockMs).toBe(1_790_000_000_512);
  expect(read?.media.byteLength).toBe(2);
});

test('another version, another kind and a header without media are left alone', () => {
  expect(readFrame(frame((view) => view.setUint8(0, 2)))).toBeUndefined();
  expect(readFrame(frame((view) => view.setUint8(1, 9)))).toBeUndefined();
  expect(readFrame(frame().slice(0, 48))).toBeUndefined();
});

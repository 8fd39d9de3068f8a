import { describe, expect, test } from 'vitest';
import { SpeedMeter } from './speed-meter.ts';
import {
  addUpload,
  changeUpload,
  dropFinished,
  dropUpload,
  nextToStart,
  refuseFile,
  resumeUpload,
  secondsLeft,
  sumQueue,
  type UploadQueue,
} from './upload-queue.ts';

function queueOf(count: number): UploadQueue {
  let queue: UploadQueue = [];
  for (let index = 1; index <= count; index += 1) queue = addUpload(queue, `u${index}`, `${index}.mp4`, 100);
  return queue;
}

describe('the upload queue', () => {
  test('two files move at a time, in the order they were added', () => {
    const queue = queueOf(3);
    expect(nextToStart(queue)).toEqual(['u1', 'u2']);
    const moving = changeUpload(changeUpload(queue, 'u1', { state: 'sending' }), 'u2', { state: 'sending' });
    expect(nextToStart(moving)).toEqual([]);
  });

  test('pausing one lets the next begin', () => {
    let queue = changeUpload(queueOf(3), 'u1', { state: 'sending' });
    queue = changeUpload(queue, 'u2', { state: 'paused' });
    expect(nextToStart(queue)).toEqual(['u3']);
  });

  test('a resumed upload waits its turn without its old error and speed', () => {
    const failed = changeUpload(queueOf(1), 'u1', {
      state: 'failed',
      speedBps: 5,
      sentBytes: 40,
      error: { code: 'X', says: 'x' },
    });
    expect(resumeUpload(failed, 'u1')).toEqual([
      { id: 'u1', name: '1.mp4', sizeBytes: 100, sentBytes: 40, state: 'waiting' },
    ]);
  });

  test('a cancelled upload leaves, and clearing takes only what is done', () => {
    const queue = changeUpload(dropUpload(queueOf(3), 'u2'), 'u1', { state: 'done' });
    expect(dropFinished(queue).map((upload) => upload.id)).toEqual(['u3']);
  });

  test('the sum counts bytes over all files', () => {
    let queue = changeUpload(queueOf(2), 'u1', { state: 'done', sentBytes: 100 });
    queue = changeUpload(queue, 'u2', { state: 'sending', sentBytes: 20 });
    expect(sumQueue(queue)).toEqual({ active: 1, done: 1, failed: 0, share: 0.6 });
    expect(sumQueue([]).share).toBe(0);
  });

  test('time left follows the speed, and is unknown without one', () => {
    const [upload] = changeUpload(queueOf(1), 'u1', { sentBytes: 50, speedBps: 10 });
    expect(upload && secondsLeft(upload)).toBe(5);
    expect(secondsLeft({ id: 'a', name: 'a', sizeBytes: 1, sentBytes: 0, state: 'waiting' })).toBeUndefined();
  });
});

test.each([
  [{ name: 'a.mp4', size: 0, type: 'video/mp4' }, 'a.mp4 is empty.'],
  [{ name: 'a.png', size: 5, type: 'image/png' }, 'a.png is not a video or audio file.'],
  [{ name: 'a.mkv', size: 5, type: '' }, undefined],
  [{ name: 'a.mp3', size: 5, type: 'audio/mpeg' }, undefined],
])('$name is judged before it is sent', (file, refusal) => expect(refuseFile(file)).toBe(refusal));

describe('the speed of an upload', () => {
  test('is unknown at first, then the mean of the last seconds', () => {
    const meter = new SpeedMeter();
    expect(meter.mark(0, 0)).toBeUndefined();
    expect(meter.mark(100, 1_000)).toBeUndefined();
    expect(meter.mark(1_000, 5_000)).toBe(5_000);
  });

  test('forgets what is long past', () => {
    const meter = new SpeedMeter();
    meter.mark(0, 0);
    meter.mark(1_000, 1_000_000);
    meter.mark(6_000, 1_000_000);
    expect(meter.mark(7_000, 1_000_000)).toBe(0);
  });
});

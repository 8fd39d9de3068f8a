import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { flvHeader, flvTag, TAG_TYPE } from '../../kernel/flv/write.ts';
import type { Publisher } from '../seams.ts';
import { PublisherFeed } from './feed.ts';

test('a reader that is waited for again and again has no more listeners for it', async () => {
  const bytes = new PassThrough();
  const publisher = { container: 'flv', bytes } as unknown as Publisher;
  const feed = new PublisherFeed(1, publisher, '', systemClock, 1_000_000);
  let taken = 0;
  const reader = new Writable({
    highWaterMark: 1,
    write: (chunk: Uint8Array, _encoding, done) => {
      taken += chunk.length;
      setImmediate(done);
    },
  });
  const before = reader.listenerCount('close') + reader.listenerCount('error');
  feed.attach(reader, () => {});
  const run = feed.run();
  for (let count = 0; count < 50; count += 1) bytes.write(new Uint8Array(100));
  await expect.poll(() => taken).toBe(5_000);
  expect(reader.listenerCount('close') + reader.listenerCount('error')).toBeLessThanOrEqual(before + 1);
  bytes.end();
  await run;
});

test('a reader gets nothing of a new set-up, and who attaches next nothing of the old one', async () => {
  const bytes = new PassThrough();
  const feed = new PublisherFeed(1, { container: 'flv', bytes } as unknown as Publisher, '', systemClock, 1_000_000);
  const [old, next] = [collector(), collector()];
  const changes: string[][] = [];
  feed.attach(old.reader, ({ of }) => {
    changes.push([...of]);
    feed.detach(old.reader);
    feed.attach(next.reader, () => {});
  });
  const run = feed.run();
  const header = flvHeader({ audio: false, video: true });
  bytes.write(Buffer.concat([header, setUp(1), key(1), setUp(2), key(2)]));
  bytes.end(key(3));
  await run;
  expect(changes).toEqual([['picture']]);
  // Of the new set-up only what tells of it: no picture follows.
  expect(old.taken()).toEqual(Buffer.concat([header, setUp(1), key(1), setUp(2)]));
  expect(next.taken()).toEqual(Buffer.concat([header, setUp(2), key(2), key(3)]));
});

const video = (type: number, ...rest: readonly number[]) =>
  flvTag(TAG_TYPE.video, 0, Uint8Array.of(0x17, type, 0, 0, 0, ...rest));
const setUp = (name: number) => video(0, 1, 100, 0, 31, 0xff, 0xe1, 0, 2, 0x67, name, 1, 0, 2, 0x68, 1);
const key = (name: number) => video(1, 0, 0, 0, 2, 0x65, name);

function collector() {
  const all: Uint8Array[] = [];
  const reader = new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      all.push(chunk);
      done();
    },
  });
  return { reader, taken: () => Buffer.concat(all) };
}

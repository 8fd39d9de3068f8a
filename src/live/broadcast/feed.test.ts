import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
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
  feed.attach(reader);
  const run = feed.run();
  for (let count = 0; count < 50; count += 1) bytes.write(new Uint8Array(100));
  await expect.poll(() => taken).toBe(5_000);
  expect(reader.listenerCount('close') + reader.listenerCount('error')).toBeLessThanOrEqual(before + 1);
  bytes.end();
  await run;
});

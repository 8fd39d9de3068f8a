import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashStreamKey, newStreamKey } from '../../src/kernel/live/stream-key.ts';
import { hasPartsOf, LiveServer, type TestStream } from '../harness/live.ts';

// What control decides is a row first; here nobody tells the node of it, as when control cannot reach it.

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start({ environment: { FRONTROW_LIVE_LEASE_MS: '2000' } });
});

afterAll(() => live.stop());

function write(sql: string, ...values: string[]): void {
  const database = new DatabaseSync(join(live.server.folder, 'frontrow.sqlite'), { timeout: 10_000 });
  database.prepare(sql).run(...values);
  database.close();
}

async function onAir(): Promise<TestStream> {
  const stream = await live.createStream();
  live.publish(stream);
  await live.until(stream, 'b1/180p/index.m3u8', hasPartsOf(1));
  return stream;
}

test('a stream that is disabled ends, though its node was not told', async () => {
  const stream = await onAir();
  write('update live_streams set disabled = 1 where id = ?', stream.id);
  expect((await live.untilStatus(stream, 'idle')).broadcast?.endReason).toBe('disabled');
});

test('whoever came in by a key that counts no more is sent away, though the node was not told, and who has the new one stays', async () => {
  const stream = await onAir();
  const streamKey = newStreamKey();
  write('update live_streams set key_hash = ? where id = ?', hashStreamKey(streamKey), stream.id);
  await live.untilStatus(stream, 'reconnecting');
  const publisher = live.publish({ streamKey });
  const isLongBehindTheChange = (text: string) => text.split('URI="2/').length > 20;
  await live.until(stream, 'b1/180p/index.m3u8', isLongBehindTheChange);
  expect(publisher.process.exitCode).toBeNull();
  expect((await live.stream(stream)).status).toBe('live');
});

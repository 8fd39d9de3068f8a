import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveServer, waitFor } from '../harness/live.ts';
import { StrictClient } from '../harness/strict-client.ts';

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start();
});

afterAll(() => live.stop());

test('what an encoder publishes breaks no rule on its way to a strict client, also when the publisher comes back', async () => {
  const made = await live.server.api('POST', '/v1/live-streams', { title: 'Strict', reconnectSeconds: 8 });
  const { streamId: id, streamKey } = (await made.json()) as { streamId: string; streamKey: string };
  const stream = { id, streamKey };
  const first = live.publish(stream);
  await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-PART:'));
  const clients = ['180p', 'audio'].map(
    (name) => new StrictClient((path) => live.fetch(path), `/live/${stream.id}/b1/${name}`),
  );
  const playing = Promise.all(clients.map((client) => client.play()));
  // Nobody else asks: an edge may answer by a playlist that it has already, which somebody may keep for less long.
  const follows = (sequence: number) => clients.every(({ met }) => met.latest.msn > sequence) || undefined;
  const until = (sequence: number) =>
    Promise.race([playing, waitFor(`segment ${sequence}`, async () => follows(sequence))]);
  await until(3);
  await first.kill();
  const second = live.publish(stream);
  await until(7);
  await second.stop();
  await playing;
  for (const { met } of clients) {
    expect(met.segments).toBeGreaterThan(6);
    expect(met).toMatchObject({ discontinuities: 1, gaps: 0 });
  }
});

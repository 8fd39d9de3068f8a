import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstDateOf, hasPartsOf, LiveServer, type TestStream, waitFor } from '../harness/live.ts';
import { type Received, WebhookReceiver } from '../harness/webhook-receiver.ts';

const PLAYLIST = 'b1/180p/index.m3u8';
const WITHIN_MS = 5_000;

let live: LiveServer;
const receiver = new WebhookReceiver();

beforeAll(async () => {
  await receiver.start();
  live = await LiveServer.start({ environment: { FRONTROW_WEBHOOK_ALLOW_PRIVATE: 'true' } });
  const events = ['live.started', 'live.reconnected', 'live.ended'];
  expect((await live.server.api('POST', '/v1/webhooks', { url: receiver.url(), events })).status).toBe(201);
});

afterAll(async () => {
  await live.stop();
  await receiver.stop();
});

interface Told {
  readonly liveStream: { readonly streamId: string; readonly broadcast?: { readonly endReason?: string } };
}

const dataOf = ({ message }: Received) => message.data as unknown as Told;

function toldOf({ id }: TestStream): Received[] {
  return receiver.received.filter((each) => dataOf(each).liveStream.streamId === id);
}

function untilTold(stream: TestStream, type: string): Promise<Received> {
  return waitFor(type, async () => toldOf(stream).find(({ message }) => message.type === type));
}

/** When the first media of a session came in. */
async function firstMediaMs(stream: TestStream, session: number): Promise<number> {
  return firstDateOf(session, await live.until(stream, PLAYLIST, hasPartsOf(session)));
}

test('endpoints hear of a start, a publisher that comes back and the end, once each and within five seconds of it', async () => {
  const stream = await live.createStream({ reconnectSeconds: 30 });
  const first = live.publish(stream);
  const started = await untilTold(stream, 'live.started');
  expect(started.atMs - (await firstMediaMs(stream, 1))).toBeLessThan(WITHIN_MS);
  await first.kill();
  await live.untilStatus(stream, 'reconnecting');
  const second = live.publish(stream);
  const reconnected = await untilTold(stream, 'live.reconnected');
  expect(reconnected.atMs - (await firstMediaMs(stream, 2))).toBeLessThan(WITHIN_MS);
  const endedMs = Date.now();
  expect((await live.server.api('POST', `/v1/live-streams/${stream.id}/end`)).ok).toBe(true);
  const ended = await untilTold(stream, 'live.ended');
  expect(ended.atMs - endedMs).toBeLessThan(WITHIN_MS);
  expect(dataOf(ended)).toMatchObject({ liveStream: { broadcast: { number: 1, endReason: 'requested' } } });
  expect(toldOf(stream).map(({ message }) => message.type)).toEqual(['live.started', 'live.reconnected', 'live.ended']);
  await second.ended();
});

test('endpoints hear within five seconds that a publisher said goodbye, and that a lost one did not come back', async () => {
  const [goodbye, lost] = [
    await live.createStream({ reconnectSeconds: 0 }),
    await live.createStream({ reconnectSeconds: 3 }),
  ];
  const [polite, sudden] = [live.publish(goodbye), live.publish(lost)];
  await Promise.all([goodbye, lost].map((stream) => live.until(stream, PLAYLIST, hasPartsOf(1))));
  const began = Date.now();
  await polite.stop();
  const stopped = Date.now();
  await sudden.kill();
  const [left, given] = [await untilTold(goodbye, 'live.ended'), await untilTold(lost, 'live.ended')];
  expect(left.atMs - stopped).toBeLessThan(WITHIN_MS);
  expect(given.atMs - began).toBeGreaterThan(3_000);
  expect(given.atMs - stopped).toBeLessThan(3_000 + WITHIN_MS);
  expect([left, given].map((each) => dataOf(each).liveStream.broadcast?.endReason)).toEqual(['finished', 'lost']);
});

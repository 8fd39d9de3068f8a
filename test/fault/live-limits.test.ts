import { afterAll, beforeAll, expect, test } from 'vitest';
import { IngestClient } from '../harness/ingest-client.ts';
import { LiveServer, type TestPublisher, type TestStream } from '../harness/live.ts';
import { RtmpClient } from '../harness/rtmp-client.ts';
import { SrtCaller } from '../harness/srt-caller.ts';

let live: LiveServer;
let publisher: TestPublisher;
let other: TestStream;

const portOf = (url: string | undefined) => Number(new URL(url ?? '').port);

/** One stream that is live, at a server that carries one. */
beforeAll(async () => {
  live = await LiveServer.start({ environment: { FRONTROW_LIVE_STREAMS: '1' } });
  const [first, second] = [await live.createStream(), await live.createStream()];
  other = second;
  publisher = live.publish(first);
  await live.untilStatus(first, 'live');
});

afterAll(() => live.stop());

/** What a publisher of one more stream hears at each door. */
const refused: [string, () => Promise<unknown>, unknown][] = [
  [
    'RTMP',
    async () => {
      const one = live.publish(other);
      await one.ended();
      return /\((\w+)\)/.exec(one.said)?.[1];
    },
    'LIVE_FULL',
  ],
  ['SRT', () => new SrtCaller(portOf(live.server.run.srt)).conclude(other.streamKey), 2_402],
  [
    'WebSocket',
    async () => new IngestClient(portOf(live.server.run.control)).publish(other.streamKey),
    expect.objectContaining({ type: 'refused', code: 'LIVE_FULL' }),
  ],
  [
    'WHIP',
    async () => {
      const headers = { authorization: `Bearer ${other.streamKey}`, 'content-type': 'application/sdp' };
      const answer = await fetch(`${live.server.run.control}/live/whip`, { method: 'POST', headers, body: 'v=0' });
      return [answer.status, answer.headers.has('retry-after'), ((await answer.json()) as { code: string }).code];
    },
    [503, true, 'LIVE_FULL'],
  ],
];

test.each(refused)('one stream more than a server carries is refused by %s with its code', async (_, knock, heard) => {
  expect(await knock()).toEqual(heard);
  expect(publisher.process.exitCode).toBeNull();
});

test('a flood of wrong keys shuts its address out at every door, and nobody else', async () => {
  const address = '127.0.0.2';
  const said: string[] = [];
  const guess = async () => {
    const client = new RtmpClient(portOf(live.server.run.rtmp), address);
    await client.connect();
    client.publish('lsk_wrongwrongwrongwrong');
    await client.closed;
    said.push(client.said);
  };
  const guesses: Promise<void>[] = [];
  for (let wave = 0; wave < 8; wave += 1) {
    guesses.push(...Array.from({ length: 20 }, guess));
    // Four of an address are told late, the others at once.
    await expect.poll(() => said.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(guesses.length - 4);
  }
  await Promise.all(guesses);
  const told = (code: string) => said.filter((text) => text.includes(code)).length;
  expect(told('STREAM_KEY_REFUSED')).toBeGreaterThanOrEqual(100);
  expect(told('LIVE_CLAIMS_LIMITED')).toBeGreaterThan(40);
  expect(told('STREAM_KEY_REFUSED') + told('LIVE_CLAIMS_LIMITED')).toBe(160);
  const srt = portOf(live.server.run.srt);
  expect(await new SrtCaller(srt, address).conclude('lsk_wrong')).toBe(2_402);
  expect(await new SrtCaller(srt).conclude('lsk_wrong')).toBe(2_401);
  expect(publisher.process.exitCode).toBeNull();
});

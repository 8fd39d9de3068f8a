import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveServer, type TestPublisher, type TestStream, testSource, waitFor } from '../harness/live.ts';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';
import { type Received, WebhookReceiver } from '../harness/webhook-receiver.ts';

let live: LiveServer;
const receiver = new WebhookReceiver();

beforeAll(async () => {
  await receiver.start();
  live = await LiveServer.start({ environment: { FRONTROW_WEBHOOK_ALLOW_PRIVATE: 'true' } });
  const events = ['live.unhealthy'];
  const made = await live.server.api('POST', '/v1/webhooks', { url: receiver.url(), events });
  expect(made.status).toBe(201);
});

afterAll(async () => {
  await live.stop();
  await receiver.stop();
});

/** Of the source's own time: what is usual is learnt by then. */
const CHANGE_SECONDS = 12;
const PICTURE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30'];
const SOUND = ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100'];
// biome-ignore format: options read in pairs
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
const EACH_SECOND = ['-g', '30'];

/** A source that is well for a while, and then suffers from one thing. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  // biome-ignore format: options read in pairs
  'frame-rate': [
    ...PICTURE, ...SOUND, '-vf', `select='lt(t,${CHANGE_SECONDS})+not(mod(n,6))'`, '-fps_mode', 'passthrough',
    ...H264, '-force_key_frames', 'expr:gte(t,n_forced)', '-g', '600',
  ],
  // biome-ignore format: options read in pairs
  bitrate: [
    ...PICTURE, ...SOUND, '-vf', `noise=alls=60:allf=t,drawbox=t=fill:color=black:enable='gte(t,${CHANGE_SECONDS})'`,
    ...H264, ...EACH_SECOND, '-crf', '23',
  ],
  // biome-ignore format: options read in pairs
  'key-frames': [...PICTURE, ...SOUND, ...H264, '-g', '6000', '-force_key_frames', `expr:lt(t,${CHANGE_SECONDS})*gte(t,2*n_forced)`],
};

interface Told {
  readonly data: { readonly liveStream: { readonly streamId: string }; readonly problems: readonly string[] };
}

function toldOf({ id }: TestStream, problem: string): Received | undefined {
  return receiver.received.find(({ message }) => {
    const { data } = message as unknown as Told;
    return data.liveStream.streamId === id && data.problems.includes(problem);
  });
}

/** When the source had changed, which one on a busy machine is late with. */
async function changedAtMs(publisher: TestPublisher): Promise<number> {
  await waitFor('the change', async () => publisher.sentSeconds >= CHANGE_SECONDS || undefined);
  return Date.now();
}

test.each(Object.entries(SOURCES))(
  'endpoints are told of %s within five seconds of it',
  async (problem, source) => {
    const stream = await live.createStream();
    const publisher = live.publish(stream, { source });
    const changed = await changedAtMs(publisher);
    const told = await waitFor(problem, async () => toldOf(stream, problem));
    const lateMs = told.atMs - changed;
    expect(lateMs).toBeGreaterThan(0);
    expect(lateMs).toBeLessThan(5_000);
    await publisher.kill();
  },
  60_000,
);

const SOUND_TAG = 8;
const DRIFT_MS = 800;

test('sound that runs ahead of its picture is told within five seconds of it', async () => {
  const broadcast = await StagedBroadcast.open();
  let changedAt: number | undefined;
  const publisher = broadcast.publish(testSource(), 'flv', (tag) => {
    const atMs = tag.readUIntBE(4, 3);
    if (tag[0] !== SOUND_TAG || atMs < CHANGE_SECONDS * 1_000) return;
    changedAt ??= performance.now();
    tag.writeUIntBE(atMs + DRIFT_MS, 4, 3);
  });
  try {
    const told = await broadcast.until('drift', () =>
      broadcast.healths.find(({ problems }) => problems.includes('drift')),
    );
    expect(told.atMs - (changedAt ?? Number.NaN)).toBeLessThan(5_000);
    expect(told.driftMs).toBeGreaterThan(DRIFT_MS / 2);
    expect(told.problems).toEqual(['drift']);
    expect(publisher.sentAway).toBeUndefined();
  } finally {
    await broadcast.close();
  }
}, 60_000);

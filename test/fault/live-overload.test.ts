import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from '../harness/folder.ts';
import { hasPartsOf, LiveServer, waitFor } from '../harness/live.ts';
import { WebhookReceiver } from '../harness/webhook-receiver.ts';

/** An ffmpeg to which four rungs are too much, and three are not. */
const SLOW_FFMPEG = `#!/bin/bash
case "$*" in *'[v3]'*) set -- "\${@/#veryfast/placebo}";; esac
exec ffmpeg "$@"
`;

const problemsIn = (data: object) => (data as { readonly problems?: readonly string[] }).problems ?? [];

test('a machine that is too slow gives up the top rung, says so, and never the stream', async () => {
  const folder = await freshFolder();
  const slow = join(folder, 'slow-ffmpeg');
  await writeFile(slow, SLOW_FFMPEG);
  await chmod(slow, 0o755);
  const live = await LiveServer.start({ environment: { FFMPEG_PATH: slow, FRONTROW_WEBHOOK_ALLOW_PRIVATE: 'true' } });
  const receiver = new WebhookReceiver();
  try {
    await receiver.start();
    const endpoint = { url: receiver.url(), events: ['live.unhealthy'] };
    expect((await live.server.api('POST', '/v1/webhooks', endpoint)).status).toBe(201);
    const stream = await live.createStream();
    const publisher = live.publish(stream, { size: '1280x720' });
    await live.until(stream, 'b1/720p/index.m3u8', hasPartsOf(1));
    await waitFor('an overload', async () => {
      const { health } = await live.stream(stream);
      return health?.problems.includes('overload') || undefined;
    });
    const told = await waitFor('an event of it', async () =>
      receiver.received.find(({ message }) => problemsIn(message.data).includes('overload')),
    );
    expect(told.message).toMatchObject({ type: 'live.unhealthy', data: { liveStream: { streamId: stream.id } } });
    await live.until(stream, 'b1/360p/index.m3u8', (text) => /2\/s\d+\.m4s\n(.*\n)*.*2\/s\d+\.m4s/.test(text));
    expect(await live.until(stream, 'b1/720p/index.m3u8', (text) => text.includes('#EXT-X-GAP'))).not.toContain(
      'ENDLIST',
    );
    expect((await live.stream(stream)).status).toBe('live');
    const metrics = await (await live.server.api('GET', '/metrics')).text();
    // A machine that is busy with other tests may be too slow for one more.
    expect(metrics).toMatch(/^frontrow_live_rungs_dropped_total [1-3]$/m);
    await publisher.stop();
  } finally {
    await live.stop();
    await receiver.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

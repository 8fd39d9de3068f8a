import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IngestClient } from '../harness/ingest-client.ts';
import { TestServer } from '../harness/server.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-live-roles-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Made while there was a control that could make it. */
async function makeStream(): Promise<string> {
  const server = await TestServer.start({ folder });
  try {
    const response = await server.api('POST', '/v1/live-streams', { title: 'Elsewhere' });
    expect(response.status).toBe(201);
    return ((await response.json()) as { streamKey: string }).streamKey;
  } finally {
    await server.stop();
  }
}

test('browsers publish to a node without control on a listener of its own, which has nothing else', async () => {
  const streamKey = await makeStream();
  const server = await TestServer.start({ folder, roles: 'origin,live' });
  try {
    const { live = '', control } = server.run;
    expect(control).toBe('');
    const client = new IngestClient(Number(new URL(live).port));
    expect(await client.publish(streamKey)).toEqual({ type: 'accepted' });
    client.socket.close();
    const whip = await fetch(`${live}/live/whip`, {
      method: 'POST',
      body: 'v=0',
      headers: { 'content-type': 'application/sdp' },
    });
    expect([whip.status, await whip.json()]).toMatchObject([401, { code: 'STREAM_KEY_REFUSED' }]);
    expect((await fetch(`${live}/health/live`)).status).toBe(200);
    expect((await fetch(`${live}/v1/live-streams`)).status).toBe(404);
  } finally {
    await server.stop();
  }
});

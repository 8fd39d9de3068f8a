import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layCertificate, makeCertificate } from '../harness/certificate.ts';
import { LiveServer, TestPublisher, testSource } from '../harness/live.ts';

let folder: string;
let live: LiveServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  await layCertificate(folder, 'default', 'localhost');
  const environment = { FRONTROW_RTMPS_CERTS: folder, FRONTROW_HOST: 'localhost', FRONTROW_LOG_LEVEL: 'debug' };
  live = await LiveServer.start({ environment });
});

afterAll(async () => {
  await live.stop();
  await rm(folder, { recursive: true });
});

test('what is published by RTMPS is live, and its key is in no log', async () => {
  const stream = await live.createStream({ reconnectSeconds: 0 });
  const publisher = live.publish(stream, { door: 'rtmps' });
  await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-PART:'));
  await publisher.stop();
  await live.until(stream, 'b1/180p/index.m3u8', (text) => text.includes('#EXT-X-ENDLIST'));
  expect(await live.untilStatus(stream, 'idle')).toMatchObject({ broadcast: { number: 1, endReason: 'finished' } });
  expect(live.server.said).not.toContain(stream.streamKey);
});

test('an encoder that trusts this certificate alone comes in, and one that trusts another does not', async () => {
  const stream = await live.createStream();
  const publish = (trusted: string) => {
    const trust = ['-tls_verify', '1', '-ca_file', join(folder, `${trusted}.crt`)];
    return new TestPublisher([...testSource(), ...trust], `${live.server.run.rtmps}/${stream.streamKey}`);
  };
  await writeFile(join(folder, 'other.crt'), makeCertificate('localhost').cert);
  const doubtful = publish('other');
  await doubtful.ended();
  expect(doubtful.process.exitCode).not.toBe(0);
  expect(await live.stream(stream)).toMatchObject({ status: 'idle' });
  const publisher = publish('default');
  await live.untilStatus(stream, 'live');
  await publisher.stop();
});

test('the API tells the address of the door beside that of RTMP', async () => {
  const { id } = await live.createStream();
  const { ingest } = (await (await live.server.api('GET', `/v1/live-streams/${id}`)).json()) as {
    ingest: Record<string, string>;
  };
  expect(ingest).toMatchObject({ rtmp: live.server.run.rtmp, rtmps: live.server.run.rtmps });
  expect(ingest.rtmps).toMatch(/^rtmps:\/\/localhost:\d+\/live$/);
});

test('a server with certificates that cannot be used does not start', async () => {
  const broken = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  await writeFile(join(broken, 'a.pem'), 'none');
  await expect(LiveServer.start({ environment: { FRONTROW_RTMPS_CERTS: broken } })).rejects.toThrow('a.pem');
  await rm(broken, { recursive: true });
});

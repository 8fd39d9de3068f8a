import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlServer, EDGE, startControl } from '../harness/control-server.ts';
import { frontrow } from '../harness/frontrow.ts';
import { LiveNode } from '../harness/live-node.ts';

let server: ControlServer;
let node: LiveNode;

beforeAll(async () => {
  server = await startControl();
  node = await LiveNode.start(server);
});

afterAll(async () => {
  await node.stop();
  await server.stop();
});

const run = (...args: string[]) =>
  frontrow(args, { environment: { FRONTROW_API: server.url, FRONTROW_TOKEN: server.adminToken } });

/** One command's JSON answer. */
async function ask(...args: string[]) {
  const ended = await run(...args, '--json');
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(ended.stdout);
}

test('a stream is made with what publishers need, goes live, gets another key, ends and is deleted', async () => {
  const made = await ask(
    'live',
    'create',
    '--title',
    'Harbour',
    '--policy',
    'signed',
    '--dvr',
    '600',
    '--passthrough',
    'always',
    '--no-recording',
  );
  const { streamId, streamKey } = made;
  expect(made).toMatchObject({
    streamId: expect.stringMatching(/^ls_/),
    streamKey: expect.stringMatching(/^lsk_/),
    ingest: { rtmp: 'rtmp://live.test/live', rtmps: 'rtmps://live.test/live', srt: 'srt://live.test:8890' },
    playbackUrl: `${EDGE}/live/${streamId}/master.m3u8`,
    channelUrl: `${EDGE.replace('http', 'ws')}/live/${streamId}/channel`,
    ...{ title: 'Harbour', policy: 'signed', dvrSeconds: 600, isRecorded: false, passthrough: 'always' },
  });
  await node.goLive(streamId);
  expect((await ask('live', 'list')).items).toMatchObject([{ streamId, status: 'live' }]);
  expect((await ask('live', 'key', streamId)).streamKey).not.toBe(streamKey);
  expect(await ask('live', 'end', streamId)).toMatchObject({ status: 'idle', broadcast: { endReason: 'requested' } });
  expect(await ask('live', 'delete', streamId)).toEqual({ streamId, deleted: true });
  expect(await run('live', 'show', streamId)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('NOT_FOUND'),
  });
});

test('a stream is shown to people in a table, with its last broadcast', async () => {
  const { streamId, streamKey } = await ask('live', 'create', '--title', 'Quay');
  await node.goLive(streamId);
  const shown = (await run('live', 'show', streamId)).stdout;
  for (const [name, value] of [
    ['STREAM', streamId],
    ['STATUS', 'live'],
    ['STREAM KEY', streamKey],
    ['RTMP', 'rtmp://live.test/live'],
    ['RTMPS', 'rtmps://live.test/live'],
    ['SRT', `srt://live.test:8890\\?streamid=${streamKey}`],
    ['BROADCAST', `1, from .*, under way, recorded as ${streamId.replace('ls_', 'as_')}`],
  ])
    expect(shown).toMatch(new RegExp(`^${name} +${value}$`, 'm'));
  const { stdout } = await run('live', 'end', streamId);
  expect(stdout).toBe(`Broadcast 1 of ${streamId} is over. Its recording is ${streamId.replace('ls_', 'as_')}.\n`);
  const again = await run('live', 'end', streamId);
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('LIVE_STREAM_IDLE') });
});

test('a live stream is signed by its id and by its address', async () => {
  const { streamId, playbackUrl } = await ask('live', 'create');
  for (const named of [streamId, playbackUrl]) {
    const { url } = await ask('sign', named);
    expect(url.startsWith(`${playbackUrl}?Expires=`)).toBe(true);
  }
  expect((await ask('sign', streamId, '--token')).tokenUrl).toContain(`${playbackUrl}?token=`);
  expect(Object.keys((await ask('sign', streamId, '--cookies')).cookies)).toContain('CloudFront-Policy');
});

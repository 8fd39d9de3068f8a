import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/kernel/errors.ts';
import { COMMAND_SIGNATURE_HEADER, signCommand } from '../../src/kernel/live/command-signature.ts';
import { MAX_METADATA_BYTES } from '../../src/kernel/live/commands.ts';
import { WORK } from '../../src/queue/signals.ts';
import { type CallInit, type ControlServer, EDGE, startControl } from '../harness/control-server.ts';
import { LiveNode } from '../harness/live-node.ts';
import { RecordingLog } from '../harness/recording-log.ts';
import { WebhookReceiver } from '../harness/webhook-receiver.ts';

interface StreamBody {
  readonly streamId: string;
  readonly title: string;
  readonly policy: string;
  readonly status: string;
  readonly isDisabled: boolean;
  readonly streamKey?: string;
  readonly ingest: Readonly<Record<string, string>>;
  readonly playbackUrl: string;
  readonly channelUrl: string;
  readonly dvrSeconds: number | null;
  readonly chat: { readonly isOpen: boolean; readonly slowSeconds: number };
  readonly broadcast?: { readonly number: number; readonly endReason?: string; readonly recordingId?: string };
  readonly code?: string;
}

let server: ControlServer;
let log: RecordingLog;
let node: LiveNode;

beforeEach(async () => {
  log = new RecordingLog();
  server = await startControl({ log, settings: { webhookAllowPrivate: true } });
  node = await LiveNode.start(server);
});

afterEach(async () => {
  await node.stop();
  await server.stop();
});

async function ask<Body = StreamBody>(path: string, init: CallInit = {}): Promise<[number, Body]> {
  const response = await server.call(`/v1/live-streams${path}`, init);
  const text = await response.text();
  return [response.status, (text === '' ? undefined : JSON.parse(text)) as Body];
}

const create = async (wish: object = {}): Promise<StreamBody> => (await ask('', { json: wish }))[1];
const post = (path: string, json: unknown = {}) => ask(path, { json });
const patch = (path: string, json: unknown) => ask(path, { method: 'PATCH', json });
const remove = (path: string) => ask(path, { method: 'DELETE' });

describe('a live stream', () => {
  test('is made with a key, and with all the addresses that it has', async () => {
    const [status, made] = await ask('', { json: { title: 'Harbour', policy: 'signed' } });
    expect(status).toBe(201);
    const { streamId } = made;
    expect(made).toMatchObject({
      streamId: expect.stringMatching(/^ls_[a-z0-9]{16}$/),
      streamKey: expect.stringMatching(/^lsk_[a-z0-9]{26}$/),
      title: 'Harbour',
      policy: 'signed',
      status: 'idle',
      ingest: { rtmp: 'rtmp://live.test/live', rtmps: 'rtmps://live.test/live', srt: 'srt://live.test:8890' },
      playbackUrl: `${EDGE}/live/${streamId}/master.m3u8`,
      channelUrl: `${EDGE.replace('http', 'ws')}/live/${streamId}/channel`,
      dvrSeconds: null,
      reconnectSeconds: 60,
      isRecorded: true,
      ladder: 'h264',
      passthrough: 'auto',
      chat: { isOpen: true, slowSeconds: 0 },
    });
    expect(await ask(`/${streamId}`)).toEqual([200, made]);
  });

  test('shows its key to those only who may change it, and to nobody in a list', async () => {
    const { streamId, streamKey = '' } = await create();
    const [, seen] = await ask(`/${streamId}`, { token: server.tokenFor('live:read') });
    expect([seen.streamId, seen.streamKey]).toEqual([streamId, undefined]);
    const list = await server.call('/v1/live-streams');
    expect(await list.text()).not.toContain(streamKey);
  });

  test('leaves no key in the log, the audit log or an answer that is kept', async () => {
    const once = { json: { title: 'A' }, headers: { 'idempotency-key': 'one' } };
    const [, first] = await ask('', once);
    const [, again] = await ask('', once);
    expect([again.streamId, again.streamKey]).toEqual([first.streamId, undefined]);
    const [, renewed] = await post(`/${first.streamId}/stream-key`);
    const audit = await (await server.call('/v1/audit-log')).text();
    const answers = JSON.stringify(await server.database.selectFrom('idempotency_keys').selectAll().execute());
    for (const { streamKey = '' } of [first, renewed]) {
      expect(streamKey).not.toBe('');
      for (const text of [audit, answers, JSON.stringify(log)]) expect(text).not.toContain(streamKey);
    }
  });

  test('is changed in what is said and in nothing else', async () => {
    const made = await create({ title: 'A', dvrSeconds: 600, chat: { slowSeconds: 5 } });
    const [status, changed] = await patch(`/${made.streamId}`, { dvrSeconds: null, chat: { isOpen: false } });
    expect(status).toBe(200);
    expect(changed).toMatchObject({ title: 'A', dvrSeconds: null, chat: { isOpen: false, slowSeconds: 5 } });
    expect((await patch(`/${made.streamId}`, { title: 'B' }))[1]).toMatchObject({ title: 'B', dvrSeconds: null });
  });

  test.each([
    { title: '' },
    { policy: 'secret' },
    { dvrSeconds: 1 },
    { reconnectSeconds: -1 },
    { ladder: 'none-such' },
    { ladder: '../../etc/passwd' },
    { chat: { slowSeconds: 1e9 } },
    { streamKey: 'mine' },
  ])('cannot be made of %j', async (wish) => {
    const [status, problem] = await ask('', { json: wish });
    expect([status, problem.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('that there is not is not found, whatever is asked of it', async () => {
    for (const id of ['ls_aaaaaaaaaaaaaaaa', 'as_aaaaaaaaaaaaaaaa', 'x']) {
      const answers = await Promise.all([
        ask(`/${id}`),
        patch(`/${id}`, { title: 'x' }),
        remove(`/${id}`),
        post(`/${id}/end`),
        post(`/${id}/stream-key`),
        post(`/${id}/metadata`, { data: 1 }),
        post(`/${id}/chat/bans`, { authorId: 'v' }),
        ask(`/${id}/broadcasts`),
      ]);
      expect(answers.map(([status]) => status)).toEqual(answers.map(() => 404));
    }
  });

  test('is listed newest first in pages that fit together', async () => {
    const made: string[] = [];
    for (let at = 0; at < 3; at++) made.unshift((await create()).streamId);
    type List = { items: StreamBody[]; nextCursor: string | null };
    const [, first] = await ask<List>('?limit=2');
    const [, second] = await ask<List>(`?limit=2&cursor=${first.nextCursor}`);
    const listed = [...first.items, ...second.items].map(({ streamId }) => streamId);
    expect(new Set(listed)).toEqual(new Set(made));
    expect([listed.length, second.nextCursor]).toEqual([3, null]);
  });
});

describe('a broadcast', () => {
  test('is shown while it is under way, and listed when it is over', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    const [, live] = await ask(`/${streamId}`);
    expect(live).toMatchObject({
      status: 'live',
      broadcast: { number: 1, recordingId: streamId.replace('ls_', 'as_') },
    });
    expect(live.broadcast).not.toHaveProperty('endedAt');
    const [status, ended] = await post(`/${streamId}/end`);
    expect([status, ended.status, ended.broadcast?.endReason]).toEqual([200, 'idle', 'requested']);
    expect(node.commands).toEqual([{ streamId, command: { kind: 'end', reason: 'requested' } }]);
    await node.goLive(streamId, 'as_second');
    type List = { items: { number: number }[]; nextCursor: string | null };
    const [, first] = await ask<List>(`/${streamId}/broadcasts?limit=1`);
    const [, second] = await ask<List>(`/${streamId}/broadcasts?limit=1&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map(({ number }) => number)).toEqual([2, 1]);
    expect(second.nextCursor).toBeNull();
  });

  test('names no recording when it is not recorded, whatever its stream is set to by then', async () => {
    const { streamId } = await create({ isRecorded: false });
    await node.goLive(streamId);
    const [, live] = await patch(`/${streamId}`, { isRecorded: true });
    expect(live.broadcast).not.toHaveProperty('recordingId');
  });

  test('that is not there can neither be ended nor spoken into', async () => {
    const { streamId } = await create();
    const answers = [await post(`/${streamId}/end`), await post(`/${streamId}/metadata`, { data: 1 })];
    expect(answers.map(([status, { code }]) => [status, code])).toEqual(answers.map(() => [409, 'LIVE_STREAM_IDLE']));
  });

  test('ends with its stream, which is gone for good', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    expect((await remove(`/${streamId}`))[0]).toBe(204);
    expect(node.commands.map(({ command }) => command)).toEqual([{ kind: 'end', reason: 'deleted' }]);
    expect((await ask(`/${streamId}`))[0]).toBe(404);
  });

  test('ends when its stream is disabled', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    const [, changed] = await patch(`/${streamId}`, { isDisabled: true });
    expect(changed).toMatchObject({ isDisabled: true, status: 'idle', broadcast: { endReason: 'disabled' } });
  });

  test('goes on when its key is replaced, without those who had the old one', async () => {
    const { streamId, streamKey } = await create();
    await node.goLive(streamId);
    const [, renewed] = await post(`/${streamId}/stream-key`);
    expect(renewed.streamKey).not.toBe(streamKey);
    expect(renewed.status).toBe('live');
    expect(node.commands.map(({ command }) => command)).toEqual([{ kind: 'expel' }]);
    expect(await node.streams.findByKey(streamKey ?? '')).toBeUndefined();
  });
});

describe('the node of a stream', () => {
  test('is told what is said into a broadcast, and who may speak', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    const [status, { metadataId }] = await ask<{ metadataId: string }>(`/${streamId}/metadata`, {
      json: { data: { score: [2, 1] } },
    });
    expect(status).toBe(202);
    expect((await post(`/${streamId}/chat/bans`, { authorId: 'v_1', seconds: 60 }))[0]).toBe(201);
    expect((await remove(`/${streamId}/chat/bans/v_1`))[0]).toBe(204);
    expect((await remove(`/${streamId}/chat/messages/m-1`))[0]).toBe(204);
    await patch(`/${streamId}`, { chat: { slowSeconds: 30 } });
    expect(node.commands.map(({ command }) => command)).toEqual([
      { kind: 'metadata', id: metadataId, data: { score: [2, 1] } },
      { kind: 'chat-ban', authorId: 'v_1', seconds: 60 },
      { kind: 'chat-unban', authorId: 'v_1' },
      { kind: 'chat-delete', messageId: 'm-1' },
      { kind: 'chat-settings', chat: { isOpen: true, slowSeconds: 30 } },
    ]);
  });

  test('is not told metadata beyond the limit', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    const [status] = await post(`/${streamId}/metadata`, { data: 'x'.repeat(MAX_METADATA_BYTES - 1) });
    expect([status, node.commands]).toEqual([400, []]);
    expect((await post(`/${streamId}/metadata`, { data: 'x'.repeat(MAX_METADATA_BYTES - 2) }))[0]).toBe(202);
  });

  test('says itself what it cannot do', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    node.refusal = new Fault('NOT_FOUND');
    expect((await remove(`/${streamId}/chat/messages/m-1`))[0]).toBe(404);
    node.refusal = new Fault('INTERNAL');
    const [status, { code }] = await post(`/${streamId}/end`);
    expect([status, code]).toEqual([502, 'LIVE_NODE_AWAY']);
  });

  test('that is away keeps its broadcast as long as it counts as alive, and loses it then', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    await node.stop();
    const [status, { code }] = await post(`/${streamId}/end`);
    expect([status, code]).toEqual([502, 'LIVE_NODE_AWAY']);
    await node.streams.renew(node.hold(streamId), -1);
    const [, ended] = await post(`/${streamId}/end`);
    expect(ended).toMatchObject({ status: 'idle', broadcast: { endReason: 'requested' } });
  });

  test('that is away does not keep a stream from being deleted', async () => {
    const { streamId } = await create();
    await node.goLive(streamId);
    await node.stop();
    expect((await remove(`/${streamId}`))[0]).toBe(204);
    expect(await node.streams.renew(node.hold(streamId), 1_000)).toBeUndefined();
  });

  test('takes no command that control did not sign, for this stream and in these words', async () => {
    const path = '/live/ls_aaaaaaaaaaaaaaaa/commands';
    const body = '{"kind":"expel"}';
    const tell = async (signature: string, sent = body, to = path) => {
      const headers = { 'content-type': 'application/json', [COMMAND_SIGNATURE_HEADER]: signature };
      return (await fetch(`${node.url}${to}`, { method: 'POST', headers, body: sent })).status;
    };
    const sign = (secret: string, ms = Date.now()) => signCommand(secret, path, body, ms);
    const { edgeSecret } = server.secrets;
    expect(await tell(sign('another secret'))).toBe(403);
    expect(await tell(sign(edgeSecret, Date.now() - 120_000))).toBe(403);
    expect(await tell(sign(edgeSecret), '{"kind":"end","reason":"deleted"}')).toBe(403);
    expect(await tell(sign(edgeSecret), body, path.replace('aaaa', 'bbbb'))).toBe(403);
    expect(await tell(signCommand(edgeSecret, path, '{"kind":"x"}', Date.now()), '{"kind":"x"}')).toBe(400);
    expect(node.commands).toEqual([]);
    expect(await tell(sign(edgeSecret))).toBe(204);
    expect(node.commands.length).toBe(1);
  });
});

test('endpoints are told what happens to a stream, without its key and where to publish', async () => {
  const receiver = new WebhookReceiver();
  await receiver.start();
  try {
    const events = ['live.started', 'live.reconnected', 'live.unhealthy', 'live.ended'];
    expect((await server.call('/v1/webhooks', { json: { url: receiver.url(), events } })).status).toBe(201);
    const { streamId, streamKey = '' } = await create({ title: 'Harbour' });
    await node.goLive(streamId);
    await node.broadcasts.lost(node.hold(streamId));
    await node.broadcasts.reconnected(node.hold(streamId));
    await node.broadcasts.unhealthy(node.hold(streamId), ['bitrate']);
    await node.broadcasts.recovered(node.hold(streamId));
    await node.broadcasts.end(node.hold(streamId), 1, 'finished');
    server.signals.notify(WORK);
    const received = await receiver.until(4);
    const byType = new Map(received.map(({ message }) => [message.type, message.data]));
    expect([...byType.keys()].toSorted()).toEqual(events.toSorted());
    expect(byType.get('live.started')).toMatchObject({
      liveStream: { streamId, title: 'Harbour', status: 'live', broadcast: { number: 1 } },
    });
    expect(byType.get('live.unhealthy')).toMatchObject({ problems: ['bitrate'] });
    expect(byType.get('live.ended')).toMatchObject({
      liveStream: { status: 'idle', broadcast: { endReason: 'finished' } },
    });
    const all = JSON.stringify(received.map(({ body }) => body));
    expect(all).not.toContain(streamKey);
    expect(all).not.toContain('rtmp:');
  } finally {
    await receiver.stop();
  }
});

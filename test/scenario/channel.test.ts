import { afterEach, describe, expect, test } from 'vitest';
import { inWords } from '../harness/channel-client.ts';
import { ChannelScenario, STREAM, STREAM_KEY } from '../harness/channel-scenario.ts';

let c: ChannelScenario;
const start = async (options: ConstructorParameters<typeof ChannelScenario>[0] = {}) => {
  c = await new ChannelScenario(options).start();
};

afterEach(() => c.stop());

describe('joining', () => {
  test('the first words say how the stream is, live or not', async () => {
    await start();
    const early = await c.listener();
    expect(await early.message('hello')).toMatchObject({ state: 'idle', broadcast: null, sequence: 0 });
    (await c.node.broadcast()).start();
    expect(await early.message('state', ({ event }) => event === 'started')).toMatchObject({ state: 'live' });
    await early.message('state', ({ event }) => event === 'session');
    const late = await c.listener();
    expect(await late.message('hello')).toMatchObject({
      state: 'live',
      sequence: 2,
      broadcast: {
        number: 1,
        session: { number: 1 },
        renditions: [{ name: '360p' }, { name: '720p' }, { name: 'audio' }],
      },
    });
  });

  test('one connection to the node carries all viewers, and all of them count', async () => {
    await start();
    const viewers = await Promise.all(Array.from({ length: 20 }, () => c.listener()));
    await viewers[0]?.message('viewers', ({ count }) => count === 20);
    expect(c.s.edge.channels).toMatchObject({ viewers: 20, channels: 1 });
    expect(c.node.app.websocketServer.clients.size).toBe(1);
    for (const viewer of viewers.slice(1)) viewer.close();
    await viewers[0]?.message('viewers', ({ count }) => count === 1);
  });
});

describe('who looks after a stream', () => {
  test('is not counted among its viewers once he says so, and is again when he says that', async () => {
    await start();
    const [viewer, owner] = await Promise.all([c.listener(), c.listener()]);
    await viewer.message('viewers', ({ count }) => count === 2);
    owner.say({ type: 'subscribe', observe: true, ref: 'o' });
    expect(await owner.message('subscribed', ({ ref }) => ref === 'o')).toMatchObject({ observe: true });
    await viewer.message('viewers', ({ count }) => count === 1);
    // Nothing but what is said changes it.
    owner.say({ type: 'subscribe', events: ['viewers'], ref: 'e' });
    expect(await owner.message('subscribed', ({ ref }) => ref === 'e')).toMatchObject({ observe: true });
    owner.say({ type: 'subscribe', observe: false });
    await viewer.until(() => viewer.messages.filter(({ type, count }) => type === 'viewers' && count === 2).length > 1);
    expect(c.s.edge.channels).toMatchObject({ viewers: 2 });
  });
});

describe('the end', () => {
  const recording = { recordingId: 'as_r', playbackPath: '/assets/as_r/master.m3u8' };

  test('leads on to the recording, then and later, until the next broadcast begins', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    expect(await viewer.message('hello')).toMatchObject({ recording: null });
    broadcast.end('as_r');
    expect(await viewer.message('state', ({ event }) => event === 'ended')).toMatchObject({
      ...{ state: 'idle', broadcast: null, recording: { ...recording, isReady: false } },
    });
    c.node.recording = { recordingId: 'as_r', isReady: true };
    await c.node.channels.tellRecording(STREAM);
    expect(await viewer.message('state', ({ event }) => event === 'recording')).toMatchObject({
      ...{ state: 'idle', recording: { ...recording, isReady: true } },
    });
    const late = await c.listener();
    expect(await late.message('hello')).toMatchObject({ state: 'idle', recording: { ...recording, isReady: true } });
    (await c.node.broadcast()).start(2);
    expect(await late.message('state', ({ event }) => event === 'started')).toMatchObject({ recording: null });
  });

  test('leads nowhere where not everybody may play it, or no more', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    broadcast.end();
    expect(await viewer.message('state', ({ event }) => event === 'ended')).toMatchObject({ recording: null });
    c.node.recording = { recordingId: 'as_r', isReady: true };
    await viewer.message('state', ({ recording: found }) => found !== null);
    c.node.recording = undefined;
    await viewer.message('state', ({ event, recording: found }) => event === 'recording' && found === null);
  });

  test('is known to a channel that opens long after it', async () => {
    await start();
    c.node.recording = { recordingId: 'as_r', isReady: true };
    expect(await c.join().message('hello')).toMatchObject({ recording: { ...recording, isReady: true } });
  });

  test('is known to an edge that was away when it was told', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    await c.listener();
    c.line.cut();
    broadcast.end('as_r');
    c.line.mend();
    await expect.poll(async () => (await c.join().message('hello')).recording).toMatchObject(recording);
  });
});

describe('media', () => {
  test('who joins in the middle of a segment gets a picture and its sound at once', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    broadcast.publish(7);
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '360p', audio: 'audio' });
    await viewer.until(() => viewer.frames.length >= 8);
    expect(inWords(viewer)).toEqual([
      ...['360p i1', '360p 1.0', '360p 1.1', '360p 1.2'],
      ...['audio i1', 'audio 1.0', 'audio 1.1', 'audio 1.2'],
    ]);
    expect(viewer.frames.slice(0, 2).map(({ clockMs }) => clockMs)).toEqual([1_790_000_000_000, c.clock.now()]);
    broadcast.publish();
    await viewer.until(() => viewer.frames.length === 10);
    expect(inWords(viewer).slice(8)).toEqual(['360p 1.3', 'audio 1.3']);
  });

  test('a viewer who changes to another rendition gets it from the beginning of a segment', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    broadcast.publish();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '360p' });
    await viewer.until(() => viewer.frames.length === 2);
    broadcast.publish(1);
    await viewer.until(() => viewer.frames.length === 3);
    viewer.say({ type: 'subscribe', video: '720p' });
    await viewer.until(() => inWords(viewer).includes('720p 0.1'));
    broadcast.publish(3);
    await viewer.until(() => inWords(viewer).includes('720p 1.0'));
    expect(inWords(viewer)).toEqual([
      ...['360p i1', '360p 0.0', '360p 0.1'],
      ...['720p i1', '720p 0.0', '720p 0.1', '720p 0.2', '720p 0.3', '720p 1.0'],
    ]);
  });

  test('another publisher is another session, with an init before its first part', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '360p' });
    await viewer.message('subscribed', ({ video }) => video === '360p');
    broadcast.publish(2);
    await viewer.until(() => viewer.frames.length === 3);
    broadcast.session();
    broadcast.publish(2);
    await viewer.until(() => viewer.frames.length === 6);
    expect(inWords(viewer)).toEqual(['360p i1', '360p 0.0', '360p 0.1', '360p i2', '360p 1.0', '360p 1.1']);
    expect(viewer.frames.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([
      ...[false, false, false, true, true, false],
    ]);
    await viewer.message('state', ({ event, broadcast: known }) => {
      return event === 'session' && (known as { session: { number: number } }).session.number === 2;
    });
  });

  test('who has waited for the start gets it from there on, in a rung that the edge chose', async () => {
    await start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: 'auto', audio: 'auto' });
    await viewer.message('subscribed', ({ video }) => video === 'auto');
    const broadcast = await c.node.broadcast();
    broadcast.start();
    await viewer.message('state', ({ event }) => event === 'session');
    broadcast.publish(5);
    await viewer.until(() => inWords(viewer).includes('360p 1.0'));
    expect(inWords(viewer)[0]).toBe('360p i1');
    expect(await viewer.message('quality')).toMatchObject({ video: '360p', audio: 'audio', reason: 'started' });
  });

  test('a rendition that the broadcast does not have is refused', async () => {
    await start();
    (await c.node.broadcast()).start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '1080p', ref: 'a' });
    expect(await viewer.message('error')).toMatchObject({ code: 'RENDITION_UNKNOWN', ref: 'a' });
  });
});

describe('chat', () => {
  test('what one viewer says all hear, and he that it was taken', async () => {
    await start();
    const [one, other] = await Promise.all([c.listener(), c.listener()]);
    one.say({ type: 'chat', name: 'Ada', text: 'hello', ref: '1' });
    expect(await one.message('accepted')).toMatchObject({ ref: '1' });
    const heard = await other.message('chat');
    expect(heard).toMatchObject({ sequence: 1, text: 'hello', author: { name: 'Ada' } });
    expect(JSON.stringify(heard)).not.toContain('127.0.0.1');
    one.say({ type: 'chat', name: 'Ada', text: 'hello', ref: '1' });
    one.say({ type: 'chat', name: 'Ada', text: 'again', ref: '2' });
    await other.message('chat', ({ text }) => text === 'again');
    expect(other.numbered()).toEqual([1, 2]);
  });

  test('a message is deleted, its author banned, and the chat closed by whoever runs the stream', async () => {
    await start();
    const [one, other] = await Promise.all([c.listener(), c.listener()]);
    one.say({ type: 'chat', name: 'Mallory', text: 'spam' });
    const { id, author } = (await other.message('chat')) as unknown as { id: string; author: { id: string } };
    const { channels } = c.node;
    await channels.deleteMessage(STREAM, id);
    expect(await other.message('chat-deleted')).toMatchObject({ ids: [id] });
    const late = await c.listener();
    late.say({ type: 'resume', epoch: (await late.message('hello')).epoch, sequence: 0 });
    expect(await late.message('chat')).toMatchObject({ id, text: '' });
    await channels.ban(STREAM, author.id);
    one.say({ type: 'chat', name: 'Mallory', text: 'more', ref: 'b' });
    expect(await one.message('error')).toMatchObject({ code: 'CHAT_BANNED', ref: 'b' });
    expect(c.node.bans).toHaveLength(1);
    await channels.unban(STREAM, author.id);
    await c.node.setChat({ isOpen: false, slowSeconds: 0 });
    expect(await other.message('chat-settings')).toMatchObject({ chat: { isOpen: false } });
    one.say({ type: 'chat', name: 'Mallory', text: 'more', ref: 'c' });
    expect(await one.message('error', ({ ref }) => ref === 'c')).toMatchObject({ code: 'CHAT_CLOSED' });
  });

  test('reactions are counted, not passed on one by one', async () => {
    await start();
    const [one, other] = await Promise.all([c.listener(), c.listener()]);
    for (let at = 0; at < 5; at += 1) one.say({ type: 'reaction', reaction: '🔥' });
    expect(await other.message('reactions')).toMatchObject({ counts: { '🔥': 5 } });
    expect(other.messages.filter(({ type }) => type === 'reactions')).toHaveLength(1);
  });

  test('metadata carries the media time that it was told at', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    broadcast.session(c.clock.now() - 4_500);
    const viewer = await c.listener();
    await c.node.channels.tellMetadata(STREAM, 'goal', { score: '1:0' });
    expect(await viewer.message('metadata')).toMatchObject({
      ...{ id: 'goal', data: { score: '1:0' }, atMs: c.clock.now() },
      media: { broadcast: 1, session: 2, seconds: 4.5 },
    });
  });

  test('the media time of metadata is that of a source whose clock runs slow, or fast', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    broadcast.session(c.clock.now() - 100_000);
    const viewer = await c.listener();
    broadcast.closeSegment(1, { shiftMs: 400 });
    await c.node.channels.tellMetadata(STREAM, 'goal', {});
    expect(await viewer.message('metadata')).toMatchObject({ media: { session: 2, seconds: 99.6 } });
  });
});

describe('health', () => {
  const ingest = {
    ...{ bitrateBps: 1, framesPerSecond: 12, keyFrameSeconds: 2, driftMs: 0, speed: 1, droppedFrames: 0 },
    problems: ['frame-rate' as const],
  };

  test('viewers are told a word, and who has the stream key all of it', async () => {
    await start();
    const feed = await c.node.channels.open(STREAM);
    const [viewer, broadcaster] = await Promise.all([c.listener(), c.listener()]);
    viewer.say({ type: 'broadcaster', streamKey: 'lsk_wrong' });
    broadcaster.say({ type: 'broadcaster', streamKey: STREAM_KEY, ref: 'k' });
    await broadcaster.message('accepted', ({ ref }) => ref === 'k');
    await expect
      .poll(() => {
        feed.health(ingest);
        return broadcaster.messages.find((each) => each.ingest !== undefined);
      })
      .toMatchObject({ type: 'health', ingest });
    expect(await viewer.message('health')).toEqual({ type: 'health', health: 'poor' });
    expect(await viewer.message('error')).toMatchObject({ code: 'STREAM_KEY_REFUSED' });
    expect(viewer.messages.some((each) => each.ingest !== undefined)).toBe(false);
  });
});

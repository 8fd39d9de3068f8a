import { afterEach, describe, expect, test } from 'vitest';
import { inWords } from '../harness/channel-client.ts';
import { ChannelScenario, STREAM } from '../harness/channel-scenario.ts';
import { NAMES } from '../harness/made-up-broadcast.ts';

/** `docs/channel.md`, sentence by sentence, where no other test has it. */
let c: ChannelScenario;
const start = async (options: ConstructorParameters<typeof ChannelScenario>[0] = {}) => {
  c = await new ChannelScenario(options).start();
};

afterEach(() => c.stop());

const RENDITIONS = [
  { name: '360p', kind: 'video', codecs: 'avc1.64001e', width: 640, height: 360, timescale: 90_000 },
  { name: '720p', kind: 'video', codecs: 'avc1.64001e', width: 1280, height: 720, timescale: 90_000 },
  { name: 'audio', kind: 'audio', codecs: 'mp4a.40.2', channels: 2, timescale: 48_000 },
];

describe('the first words', () => {
  test('are all that is promised of them', async () => {
    await start();
    (await c.node.broadcast()).start();
    const hello = await c.join().message('hello');
    expect(hello).toEqual({
      ...{ type: 'hello', protocol: 'frontrow.channel.v1', streamId: STREAM, nowMs: c.clock.now() },
      ...{ epoch: expect.stringMatching(/^\w{12}$/), sequence: 2, replayFrom: 1, state: 'live' },
      broadcast: {
        ...{
          number: 1,
          startedAtMs: c.clock.now(),
          session: { number: 1, beganAtMs: 1_790_000_000_000, renditions: NAMES },
        },
        ...{ partTargetSeconds: 0.5, segmentSeconds: 2 },
        renditions: RENDITIONS.map((each) => expect.objectContaining(each)),
      },
      ...{ recording: null, viewers: expect.any(Number), health: 'unknown' },
      chat: { isOpen: true, slowSeconds: 0, maxLength: 500, maxNameLength: 40 },
      reactions: ['👍', '❤️', '😂', '😮', '👏', '🔥'],
      capabilities: [
        ...['events', 'media', 'auto', 'chat', 'reactions', 'resume', 'authorize', 'broadcaster', 'observe'],
      ],
      limits: { messageBytes: 4_096, messagesPerTenSeconds: 40, idleSeconds: 60 },
      expiresAtMs: null,
    });
  });

  test('come over a connection that compresses nothing, though a browser offers to', async () => {
    await start();
    const client = c.joinAt(`/live/${STREAM}/channel`, {}, { compresses: true });
    await client.message('hello');
    expect([client.socket.extensions, client.socket.protocol]).toEqual(['', 'frontrow.channel.v1']);
  });

  test('come again when nobody has any more what is missing, and subscriptions stay', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '360p' });
    broadcast.publish();
    await viewer.until(() => viewer.frames.length === 2);
    c.line.cut();
    for (let at = 0; at < 250; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    c.line.mend();
    const { epoch } = await viewer.message('hello', ({ sequence }) => sequence === 252);
    expect(epoch).toBe((await viewer.message('hello')).epoch);
    await c.node.setChat({ isOpen: true, slowSeconds: 0 });
    await viewer.message('chat-settings', ({ sequence }) => sequence === 253);
    broadcast.publish(4);
    await viewer.until(() => inWords(viewer).includes('360p 1.0'));
    expect(inWords(viewer)[2]).toBe('360p i1');
  });
});

describe('subscribing', () => {
  test('begins where the first words stood, and leaves as it was what it does not name', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = c.join();
    expect(await viewer.message('hello')).toMatchObject({ sequence: 2 });
    const other = await c.listener();
    await c.node.setChat({ isOpen: true, slowSeconds: 1 });
    await other.message('chat-settings');
    viewer.say({ type: 'subscribe', events: ['chat-settings'], video: '360p', ref: 'a' });
    expect(await viewer.message('subscribed', ({ ref }) => ref === 'a')).toEqual({
      ...{ type: 'subscribed', ref: 'a', events: ['chat-settings'], video: '360p', audio: null, observe: false },
    });
    expect(await viewer.message('chat-settings')).toMatchObject({ sequence: 3 });
    viewer.say({ type: 'subscribe', audio: 'auto', ref: 'b' });
    expect(await viewer.message('subscribed', ({ ref }) => ref === 'b')).toMatchObject({
      ...{ events: ['chat-settings'], video: '360p', audio: 'auto' },
    });
  });

  test('ends by parts, and what has ended does not come any more', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const [viewer, other] = [await c.listener(), await c.listener()];
    for (const each of [viewer, other]) each.say({ type: 'subscribe', video: '360p', audio: 'audio' });
    broadcast.publish();
    for (const each of [viewer, other]) await each.until(() => each.frames.length === 4);
    viewer.say({ type: 'unsubscribe', video: true, events: true, ref: 'u' });
    expect(await viewer.message('subscribed', ({ ref }) => ref === 'u')).toEqual({
      ...{ type: 'subscribed', ref: 'u', events: [], video: null, audio: 'audio', observe: false },
    });
    await c.node.setChat({ isOpen: true, slowSeconds: 1 });
    broadcast.publish(4);
    await other.until(() => inWords(other).includes('audio 1.0'));
    await viewer.until(() => inWords(viewer).includes('audio 1.0'));
    expect(
      inWords(viewer)
        .slice(4)
        .some((each) => each.startsWith('360p')),
    ).toBe(false);
    expect(viewer.messages.some(({ type }) => type === 'chat-settings')).toBe(false);
    expect(other.messages.some(({ type }) => type === 'chat-settings')).toBe(true);
  });

  test('anew goes on where it ended', async () => {
    await start();
    const [viewer, other] = [c.join(), await c.listener()];
    await viewer.message('hello');
    for (let at = 1; at <= 3; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    await other.until(() => other.numbered().length === 3);
    viewer.say({ type: 'subscribe', events: true });
    viewer.say({ type: 'unsubscribe', events: true, ref: 'u' });
    await viewer.message('subscribed', ({ ref }) => ref === 'u');
    await c.node.setChat({ isOpen: true, slowSeconds: 4 });
    await other.until(() => other.numbered().length === 4);
    viewer.say({ type: 'subscribe', events: true });
    await viewer.until(() => viewer.numbered().length >= 4);
    expect(viewer.numbered()).toEqual([1, 2, 3, 4]);
  });

  test('to parts and segments has to name them', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const [usual, curious] = [await c.listener(), await c.listener()];
    curious.say({ type: 'subscribe', events: ['part', 'segment'], ref: 'p' });
    await curious.message('subscribed', ({ ref }) => ref === 'p');
    await expect
      .poll(() => {
        broadcast.publish(4);
        return curious.messages.find(({ type, rendition }) => type === 'part' && rendition === '720p');
      })
      .toMatchObject({
        ...{ type: 'part', broadcast: 1, rendition: '720p', session: 1, timescale: 90_000, durationTicks: 45_000 },
        ...{ mediaSequence: expect.any(Number), part: 0, isIndependent: true, bytes: 200 },
      });
    broadcast.closeSegment(7);
    broadcast.closeSegment(8, { isGap: true });
    const segment = { type: 'segment', broadcast: 1, rendition: 'audio', session: 1, durationTicks: 96_000, bytes: 9 };
    expect(await curious.message('segment', ({ rendition }) => rendition === 'audio')).toEqual({
      ...{ ...segment, mediaSequence: 7, startTicks: 0 },
    });
    await curious.message('segment', ({ mediaSequence, isGap }) => mediaSequence === 8 && isGap === true);
    usual.say({ type: 'ping' });
    await usual.message('pong');
    expect(usual.messages.some(({ type }) => type === 'part' || type === 'segment')).toBe(false);
  });
});

describe('resuming', () => {
  test('sends what came after, once, and says whether that is all of it', async () => {
    await start();
    const first = await c.listener();
    for (let at = 0; at < 5; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    await first.until(() => first.numbered().length === 5);
    const { epoch } = await first.message('hello');
    first.close();
    const again = c.join();
    await again.message('hello');
    again.say({ type: 'resume', epoch, sequence: 2, ref: 'r' });
    expect(await again.message('resumed')).toEqual({ type: 'resumed', ref: 'r', sequence: 2, isComplete: true });
    await c.node.setChat({ isOpen: true, slowSeconds: 9 });
    await again.until(() => again.numbered().length === 4);
    expect(again.numbered()).toEqual([3, 4, 5, 6]);
  });

  test('is complete at an edge that is new to the channel too', async () => {
    await start();
    const first = await c.listener();
    for (let at = 0; at < 50; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    await first.until(() => first.numbered().length === 50);
    const { epoch } = await first.message('hello');
    await c.s.restartEdge();
    expect(await first.ended).toBe(1_001);
    const again = c.join();
    expect(await again.message('hello')).toMatchObject({ epoch, sequence: 50, replayFrom: 1 });
    again.say({ type: 'resume', epoch, sequence: 20 });
    expect(await again.message('resumed')).toMatchObject({ isComplete: true });
    await again.until(() => again.numbered().length === 30);
    expect(again.numbered()).toEqual(Array.from({ length: 30 }, (_, at) => at + 21));
  });

  test('tells at a new edge nothing of what was deleted at another', async () => {
    await start();
    const viewer = await c.listener();
    viewer.say({ type: 'chat', name: 'Mallory', text: 'spam' });
    const { id } = await viewer.message('chat');
    await c.node.channels.deleteMessage(STREAM, String(id));
    await c.s.restartEdge();
    const late = c.join();
    const { epoch } = await late.message('hello');
    late.say({ type: 'resume', epoch, sequence: 0 });
    expect(await late.message('chat')).toMatchObject({ id, text: '' });
  });

  test('is incomplete in another epoch, after a number that there has not been, and when too much is missing', async () => {
    await start();
    const first = await c.listener();
    for (let at = 0; at < 250; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    await first.until(() => first.numbered().length === 250);
    const { epoch } = await first.message('hello');
    const places = [
      { epoch: 'another', sequence: 250 },
      { epoch, sequence: 251 },
      { epoch, sequence: 49 },
    ];
    for (const place of places) {
      const client = await c.listener();
      expect(await client.message('hello')).toMatchObject({ sequence: 250, replayFrom: 51 });
      client.say({ type: 'resume', ...place });
      expect(await client.message('resumed')).toMatchObject({ sequence: 50, isComplete: false });
      await client.until(() => client.numbered().length === 200);
      expect(client.numbered()[0]).toBe(51);
    }
    const just = c.join();
    await just.message('hello');
    just.say({ type: 'resume', epoch, sequence: 50 });
    expect(await just.message('resumed')).toMatchObject({ sequence: 50, isComplete: true });
  });
});

describe('chat', () => {
  test('has an end to how long and how often', async () => {
    await start();
    const viewer = await c.listener();
    viewer.say({ type: 'chat', name: 'Ada', text: 'x'.repeat(501) });
    expect(await viewer.message('error')).toMatchObject({ code: 'CHANNEL_MESSAGE_INVALID' });
    viewer.say({ type: 'chat', name: 'A'.repeat(41), text: 'x' });
    await viewer.until(() => viewer.messages.filter(({ code }) => code === 'CHANNEL_MESSAGE_INVALID').length === 2);
    for (let at = 0; at < 6; at += 1) viewer.say({ type: 'chat', name: 'Ada', text: 'x'.repeat(500), ref: `${at}` });
    expect(await viewer.message('error', ({ code }) => code === 'CHAT_SLOW')).toMatchObject({
      ...{ ref: '5', retryAfterMs: 10_000 },
    });
    expect(viewer.messages.filter(({ type }) => type === 'chat')).toHaveLength(5);
    await c.node.setChat({ isOpen: true, slowSeconds: 30 });
    c.clock.advance(20);
    viewer.say({ type: 'chat', name: 'Ada', text: 'slowly', ref: 's' });
    expect(await viewer.message('error', ({ ref }) => ref === 's')).toMatchObject({ retryAfterMs: 10_000 });
  });

  test('hears twice what somebody says twice, without a name for it', async () => {
    await start();
    const viewer = await c.listener();
    for (let at = 0; at < 2; at += 1) viewer.say({ type: 'chat', name: 'Ada', text: 'hello' });
    await viewer.until(() => viewer.messages.filter(({ type }) => type === 'chat').length === 2);
  });

  test('hears once what a client says again after a reconnect', async () => {
    await start();
    const other = await c.listener();
    for (let at = 0; at < 3; at += 1) {
      const client = await c.listener();
      client.say({ type: 'chat', name: 'Ada', text: 'hello', ref: 'k3v9mn2p' });
      expect(await client.message('accepted')).toMatchObject({ ref: 'k3v9mn2p' });
      client.close();
    }
    other.say({ type: 'chat', name: 'Bob', text: 'bye' });
    await other.message('chat', ({ text }) => text === 'bye');
    expect(other.messages.filter(({ type }) => type === 'chat')).toHaveLength(2);
  });

  test('takes back at any node what was deleted, though the word went to another', async () => {
    await start();
    const viewer = await c.listener();
    for (const text of ['spam', 'ham']) viewer.say({ type: 'chat', name: 'Mallory', text });
    const { id } = (await viewer.message('chat', ({ text }) => text === 'spam')) as unknown as { id: string };
    await viewer.message('chat', ({ text }) => text === 'ham');
    c.node.deletions.push('m_elsewhere', id);
    expect(await viewer.message('chat-deleted')).toMatchObject({ ids: [id] });
    c.node.deletions.push('m_another');
    // Two rounds later it is still told once, and nothing else.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    expect(viewer.messages.filter(({ type }) => type === 'chat-deleted')).toHaveLength(1);
    await c.node.channels.deleteMessage(STREAM, 'm_unknown');
    expect(c.node.deletions).toContain('m_unknown');
  }, 20_000);

  test('does not hear a banned author at any node, though the ban was told to another', async () => {
    await start();
    const viewer = await c.listener();
    viewer.say({ type: 'chat', name: 'Mallory', text: 'spam' });
    const { author } = (await viewer.message('chat')) as unknown as { author: { id: string } };
    // As another node's channel, or control beside it, has written it.
    c.node.bans.push({ authorId: author.id });
    let tries = 0;
    await expect
      .poll(
        () => {
          tries += 1;
          c.clock.advance(10);
          viewer.say({ type: 'chat', name: 'Mallory', text: `more ${tries}` });
          return viewer.messages.some(({ code }) => code === 'CHAT_BANNED');
        },
        { timeout: 15_000, interval: 500 },
      )
      .toBe(true);
    c.node.bans.pop();
    await expect
      .poll(
        () => {
          tries += 1;
          c.clock.advance(10);
          viewer.say({ type: 'chat', name: 'Mallory', text: `sorry ${tries}` });
          return viewer.messages.some(({ type, text }) => type === 'chat' && String(text).startsWith('sorry'));
        },
        { timeout: 15_000, interval: 500 },
      )
      .toBe(true);
  });
});

describe('what is told of the present', () => {
  test('goes by the second: counts are gathered, whatever comes and goes', async () => {
    await start();
    const viewer = await c.listener();
    const from = performance.now();
    for (let at = 0; at < 40; at += 1) {
      viewer.say({ type: 'reaction', reaction: '👏' });
      (await c.listener()).close();
    }
    const total = () =>
      viewer.messages
        .filter(({ type }) => type === 'reactions')
        .reduce((sum, { counts }) => sum + ((counts as Record<string, number>)['👏'] ?? 0), 0);
    await viewer.until(() => total() > 0);
    await expect.poll(total, { timeout: 15_000 }).toBeGreaterThan(0);
    const seconds = (performance.now() - from) / 1_000;
    for (const kind of ['viewers', 'reactions'])
      expect(viewer.messages.filter(({ type }) => type === kind).length).toBeLessThan(seconds + 2);
  });

  test('the publisher is lost, and the stream is over', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    broadcast.reconnect();
    expect(await viewer.message('state')).toMatchObject({
      ...{ event: 'reconnecting', state: 'reconnecting', atMs: c.clock.now(), broadcast: { number: 1 } },
    });
    broadcast.session();
    expect(await viewer.message('state', ({ event }) => event === 'session')).toMatchObject({ state: 'live' });
    broadcast.end();
    expect(await viewer.message('state', ({ event }) => event === 'ended')).toMatchObject({ broadcast: null });
  });

  test('a change that was asked for is said when it comes', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    broadcast.publish();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '360p' });
    expect(await viewer.message('quality')).toEqual({
      ...{ type: 'quality', video: '360p', audio: null, reason: 'started', droppedParts: 0 },
    });
    viewer.say({ type: 'subscribe', video: '720p' });
    broadcast.publish(4);
    expect(await viewer.message('quality', ({ reason }) => reason === 'asked')).toMatchObject({ video: '720p' });
  });

  test('a rendition that a session leaves out is stood in for by the next below, until it is there again', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '720p', audio: 'auto' });
    const shows = (name: string, session: number) =>
      viewer.until(() =>
        viewer.frames.some(
          (each) => each.kind === 'part' && each.session === session && NAMES[each.rendition] === name,
        ),
      );
    broadcast.publish(4);
    await shows('720p', 1);
    broadcast.session(undefined, ['360p', 'audio']);
    expect(await viewer.message('state', ({ event }) => event === 'session')).toMatchObject({
      broadcast: { session: { number: 2, renditions: ['360p', 'audio'] } },
    });
    broadcast.publish(4);
    await shows('360p', 2);
    broadcast.session();
    broadcast.publish(4);
    await shows('720p', 3);
  });
});

describe('limits', () => {
  test('a message has 4,096 bytes and not one more', async () => {
    await start();
    const viewer = await c.listener();
    const padded = (bytes: number) => '{"type":"ping","ref":"padded"'.padEnd(bytes - 1).concat('}');
    viewer.socket.send(padded(4_096));
    expect(await viewer.message('pong')).toEqual({ type: 'pong', ref: 'padded', nowMs: c.clock.now() });
    viewer.socket.send(padded(4_097));
    expect(await viewer.ended).toBe(1_009);
  });

  test('nor has one in pieces, or one that is said to be enormous', async () => {
    await start();
    const [pieces, enormous] = [await c.listener(), await c.listener()];
    for (let at = 0; at < 5; at += 1) pieces.socket.send('x'.repeat(1_000), { fin: false });
    expect(await pieces.ended).toBe(1_009);
    enormous.socket.send(Buffer.alloc(8_000_000));
    expect(await enormous.ended).toBe(1_009);
  });
});

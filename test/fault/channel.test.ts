import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { reportEdge } from '../../src/analytics/edge-numbers.ts';
import { Metrics } from '../../src/analytics/metrics.ts';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { CHANNEL_PROTOCOL } from '../../src/kernel/live/channel.ts';
import { liveChannelPath } from '../../src/kernel/live/paths.ts';
import { type ChannelClient, inWords } from '../harness/channel-client.ts';
import { ChannelNode, ChannelScenario, STREAM, STREAM_KEY } from '../harness/channel-scenario.ts';
import { KEY_PAIR_ID, privateKey } from '../harness/film-edge.ts';

let c: ChannelScenario;

async function start(settings: object = {}): Promise<void> {
  c = await new ChannelScenario({ settings }).start();
}

afterEach(() => c.stop());

/** For a viewer whom an edge lets in without asking the origin. */
function granted(): string {
  const grant = { paths: [`/live/${STREAM}/*`], expiresAtMs: c.clock.now() + 3_600_000 };
  return `?token=${signToken(grant, KEY_PAIR_ID, privateKey)}`;
}

/** Takes what was said before it, from others too. */
async function answered(client: ChannelClient, ref: string): Promise<void> {
  client.say({ type: 'ping', ref });
  await client.message('pong', (each) => each.ref === ref);
}

describe('a line that breaks', () => {
  test('costs no listener an event, nor tells one twice, wherever it breaks', async () => {
    await start();
    const listeners = await Promise.all(Array.from({ length: 5 }, () => c.listener()));
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const total = 150;
    for (let at = 3; at <= total; at += 1) {
      await c.node.channels.tellMetadata(STREAM, `m${at}`, { at });
      broadcast.publish();
      // Somewhere in between, and for as long as chance has it.
      if (at % 17 === 0) {
        c.line.cut();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
        c.line.mend();
      } else if (Math.random() < 0.3) await new Promise(setImmediate);
    }
    for (const listener of listeners) {
      await listener.until(() => listener.numbered().length >= total);
      expect(listener.numbered()).toEqual(Array.from({ length: total }, (_, at) => at + 1));
    }
  });

  test('goes on with media at a key frame, with nothing torn in between', async () => {
    await start();
    const broadcast = await c.node.broadcast();
    broadcast.start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: '360p', audio: 'audio' });
    await viewer.message('subscribed', ({ video }) => video === '360p');
    for (let cut = 0; cut < 5; cut += 1) {
      const before = viewer.frames.length;
      broadcast.publish(3);
      await viewer.until(() => viewer.frames.length > before);
      c.line.cut();
      broadcast.publish(1 + cut);
      c.line.mend();
      broadcast.publish(2);
    }
    const reached = () => viewer.frames.some(({ sequence }) => sequence >= 5);
    broadcast.publish(8);
    await viewer.until(reached);
    expectWhole(viewer);
  });

  test('and stays dead for ten seconds is found out, and everything is caught up on afterwards', async () => {
    await start();
    const listener = await c.listener();
    c.line.silence();
    for (let at = 0; at < 20; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    // The time that is to be stood.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(listener.numbered()).toEqual([]);
    c.line.mend();
    await listener.until(() => listener.numbered().length === 20);
    expect(listener.numbered()).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  }, 30_000);

  test('what was said while it was broken is said once when it is whole again', async () => {
    await start();
    const [one, other] = [await c.listener(), await c.listener()];
    c.line.cut();
    one.say({ type: 'chat', name: 'Ada', text: 'into the void', ref: '1' });
    await answered(one, 'a');
    c.line.mend();
    expect(await one.message('accepted')).toMatchObject({ ref: '1' });
    expect(await other.message('chat')).toMatchObject({ text: 'into the void' });
    expect(other.messages.filter(({ type }) => type === 'chat')).toHaveLength(1);
  });

  test('and a node that knows nothing of the stream for a moment leave those who come then looked after', async () => {
    await start();
    const early = await c.listener();
    const { stream } = c.node;
    c.node.stream = undefined;
    c.line.cut();
    c.line.mend();
    expect(await early.ended).toBe(4_004);
    c.node.stream = stream;
    const late = await c.listener();
    // By then the channel of those who were sent away is given up.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect(c.s.edge.channels).toMatchObject({ viewers: 1, channels: 1 });
    late.say({ type: 'ping' });
    await late.message('pong');
    c.clock.advance(61);
    expect(await late.ended).toBe(4_010);
  }, 30_000);

  test('leaves no viewers at a node that was reached by way of another', async () => {
    await start();
    const home = await new ChannelNode('public', c.clock).start();
    try {
      if (c.node.stream) c.node.stream = { ...c.node.stream, nodeUrl: home.url, ownedUntilMs: c.clock.now() + 60_000 };
      await c.listener();
      const links = () => home.app.websocketServer.clients.size;
      expect(links()).toBe(1);
      c.line.silence();
      await expect.poll(links, { timeout: 20_000 }).toBe(0);
    } finally {
      await home.stop();
    }
  }, 40_000);

  test('too long for the ring is told as a beginning anew', async () => {
    await start();
    const listener = await c.listener();
    c.line.cut();
    for (let at = 0; at < 250; at += 1) await c.node.setChat({ isOpen: true, slowSeconds: at });
    c.line.mend();
    await listener.message('hello', ({ sequence }) => sequence === 250);
    expect(listener.numbered()).toEqual([]);
  });
});

describe('a database', () => {
  test('that was away when a broadcast began does not cost it its channel', async () => {
    await start();
    const { lookUp } = c.node;
    c.node.lookUp = () => Promise.reject(new Error('away'));
    const broadcast = await c.node.broadcast();
    broadcast.start();
    c.node.lookUp = lookUp;
    const viewer = await c.listener();
    expect(await viewer.message('hello')).toMatchObject({ state: 'live' });
    viewer.say({ type: 'chat', name: 'Ada', text: 'still here', ref: '1' });
    await viewer.message('accepted');
  });

  test('that is slow about a channel makes nothing undone that was settled meanwhile', async () => {
    await start();
    const back = Promise.withResolvers<void>();
    const [begun, { lookUp }] = [Promise.withResolvers<void>(), c.node];
    c.node.lookUp = () => {
      begun.resolve();
      return back.promise;
    };
    const opening = c.node.broadcast();
    await begun.promise;
    const closing = c.node.setChat({ isOpen: false, slowSeconds: 7 });
    back.resolve();
    c.node.lookUp = lookUp;
    (await opening).start();
    await closing;
    const viewer = await c.listener();
    expect(await viewer.message('hello')).toMatchObject({ chat: { isOpen: false, slowSeconds: 7 } });
  });

  test('that gives no answer is not asked again about channels in which nothing is under way', async () => {
    await start();
    await c.listener();
    const back = Promise.withResolvers<void>();
    const asked = vi.fn(() => back.promise);
    c.node.lookUp = asked;
    // As long as several rounds take.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(asked).toHaveBeenCalledTimes(1);
    back.resolve();
    await expect.poll(() => asked.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(1);
  }, 30_000);
});

describe('viewers', () => {
  test('who never read cost the others nothing, and are let go with their events unread', async () => {
    await start();
    const broadcast = await c.node.broadcast(200_000);
    broadcast.start();
    const reader = await c.listener();
    const deaf = await Promise.all(Array.from({ length: 10 }, () => c.listener()));
    for (const each of deaf) {
      each.say({ type: 'subscribe', video: '360p' });
      await each.message('subscribed', ({ video }) => video === '360p');
      each.socket.pause();
    }
    reader.say({ type: 'subscribe', video: '360p' });
    await reader.message('subscribed', ({ video }) => video === '360p');
    for (let at = 0; at < 120; at += 1) {
      const before = reader.frames.length;
      broadcast.publish();
      await reader.until(() => reader.frames.length > before);
    }
    expectWhole(reader);
    const { droppedParts = 0, queuedBytes = 0 } = c.s.edge.channels ?? {};
    expect(droppedParts).toBeGreaterThan(100);
    expect(queuedBytes).toBeLessThan(10 * 5_000_000);
    const metrics = new Metrics();
    reportEdge(c.s.edge, metrics);
    const page = await metrics.text();
    expect(page).toContain(`frontrow_edge_channel_dropped_parts_total ${droppedParts}`);
    expect(Number(/^frontrow_edge_channel_queued_bytes (\d+)$/m.exec(page)?.[1])).toBeGreaterThan(0);
    expect(page).toMatch(/^frontrow_edge_channel_viewers 11$/m);
    const filler = 'x'.repeat(4_000);
    for (let at = 0; at < 150; at += 1) await c.node.channels.tellMetadata(STREAM, 'much', { filler });
    await reader.until(() => reader.numbered().length === 150);
    for (const each of deaf) each.socket.resume();
    // They were told why, if they got so far as to read it.
    for (const each of deaf) expect([4_008, 1_006]).toContain(await each.ended);
    await expect.poll(() => c.s.edge.channels?.viewers, { timeout: 15_000 }).toBe(1);
  }, 60_000);

  test('who fall behind go on at a key frame, and are told what that cost', async () => {
    await start();
    const broadcast = await c.node.broadcast(400_000);
    broadcast.start();
    const viewer = await c.listener();
    viewer.say({ type: 'subscribe', video: 'auto' });
    await viewer.message('subscribed', ({ video }) => video === 'auto');
    broadcast.publish();
    await viewer.until(() => viewer.frames.length === 2);
    viewer.socket.pause();
    await expect
      .poll(
        () => {
          broadcast.publish();
          return c.s.edge.channels?.droppedParts;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(5);
    viewer.socket.resume();
    await viewer.message('quality', ({ reason }) => reason === 'slow');
    const before = viewer.frames.length;
    broadcast.publish(5);
    await viewer.until(() => viewer.frames.length > before + 2);
    expectWhole(viewer);
  }, 40_000);

  test('who send too much at once, or something that is no message, are sent away', async () => {
    await start();
    const [large, binary, many, odd] = await Promise.all([c.listener(), c.listener(), c.listener(), c.listener()]);
    large.socket.send('x'.repeat(5_000));
    expect(await large.ended).toBe(1_009);
    binary.socket.send(Buffer.from([1, 2, 3]));
    expect(await binary.ended).toBe(1_003);
    for (let at = 0; at < 60; at += 1) many.say({ type: 'ping' });
    await many.message('error', ({ code }) => code === 'CHANNEL_RATE_LIMITED');
    for (let at = 0; at < 60; at += 1) many.say({ type: 'ping' });
    expect(await many.ended).toBe(4_009);
    odd.say({ type: 'shout' });
    expect(await odd.message('error')).toMatchObject({ code: 'CHANNEL_MESSAGE_INVALID' });
    for (let at = 0; at < 20; at += 1) odd.say({ type: 'shout' });
    expect(await odd.ended).toBe(4_009);
  });

  test("who guess at the stream key do not stand in its owner's way", async () => {
    await start();
    const [owner, ...guessers] = await Promise.all(Array.from({ length: 13 }, () => c.listener()));
    for (const [at, guesser] of guessers.entries()) guesser.say({ type: 'broadcaster', streamKey: `lsk_${at}` });
    await Promise.all(guessers.map((guesser) => answered(guesser, 'asked')));
    owner?.say({ type: 'broadcaster', streamKey: STREAM_KEY, ref: 'own' });
    await owner?.message('accepted', ({ ref }) => ref === 'own');
    // Some are told late, and still wait.
    expect(guessers.filter(({ messages }) => messages.every(({ type }) => type !== 'error'))).not.toEqual([]);
  });

  test('who give no sign of life for a minute are sent away, and a browser gives one whenever it is asked', async () => {
    await start();
    const path = liveChannelPath(STREAM);
    const [silent, answering, other] = [c.joinAt(path, {}, { isDeaf: true }), c.join(), await c.listener()];
    let pings = 0;
    answering.socket.on('ping', () => {
      pings += 1;
    });
    for (const each of [silent, answering]) await each.message('hello');
    c.clock.advance(41);
    // Twenty seconds of the time that passes, and not of the one that the test turns.
    await expect.poll(() => pings, { timeout: 30_000 }).toBe(1);
    // What is sent after the pong is read after it.
    await answered(other, 'later');
    c.clock.advance(20);
    expect(await silent.ended).toBe(4_010);
    await answered(answering, 'still');
  }, 45_000);

  test('who send pings without an end and read no answer are let go', async () => {
    await start();
    const socket = await switched();
    socket.pause();
    const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
    const flood = () => {
      socket.write(many);
      return socket.destroyed;
    };
    await expect.poll(flood, { timeout: 15_000 }).toBe(true);
    await expect.poll(() => c.s.edge.channels?.viewers).toBe(0);
    await answered(await c.listener(), 'others');
  }, 30_000);

  test('find a full edge closed, from wherever they come', async () => {
    await start({ edgeChannelViewers: 2 });
    const inside = [await c.listener(), await c.listener()];
    const refused = c.join();
    expect([await refused.ended, refused.refusal]).toEqual([503, 'CHANNEL_FULL']);
    inside[0]?.close();
    await expect.poll(() => c.s.edge.channels?.viewers).toBe(1);
    await c.listener();
  });

  test('are told to come again when the edge stops', async () => {
    await start();
    const viewers = [await c.listener(), await c.listener()];
    void c.s.edge.stop();
    expect(await Promise.all(viewers.map(({ ended }) => ended))).toEqual([1_001, 1_001]);
  });

  test('who wait for a node that cannot be reached are told to come later', async () => {
    await start();
    c.line.cut();
    const waiting = c.join(granted());
    // From when his connection stands: before, he has no more than a place.
    await expect.poll(() => c.s.edge.channels?.channels).toBe(1);
    c.clock.advance(11);
    expect(await waiting.ended).toBe(1_013);
    c.line.mend();
    // With a grant: whether the stream is public could not be asked yet, and is asked again after a second.
    await c.join(granted()).message('hello');
  });

  test('who come later to a node that cannot be reached wait as long as the first', async () => {
    await start();
    c.line.cut();
    const first = c.join(granted());
    await expect.poll(() => c.s.edge.channels?.channels).toBe(1);
    c.clock.advance(9);
    const second = c.join(granted());
    await expect.poll(() => c.s.edge.channels?.viewers).toBe(2);
    c.clock.advance(2);
    expect(await first.ended).toBe(1_013);
    c.line.mend();
    await second.message('hello');
  });

  test('who flood the door find as many places as there are, and leave them behind', async () => {
    await start({ edgeChannelViewers: 60, edgeChannelViewersPerAddress: 40 });
    const flood = Array.from({ length: 200 }, () => c.join());
    const refused = flood.map((each) => each.ended);
    await expect.poll(() => c.s.edge.channels, { timeout: 15_000 }).toMatchObject({ viewers: 40, refused: 160 });
    const inside = flood.filter(({ socket }) => socket.readyState === socket.OPEN);
    expect(inside).toHaveLength(40);
    for (const { socket } of inside) socket.terminate();
    expect((await Promise.all(refused)).filter((code) => code === 429)).toHaveLength(160);
    await expect.poll(() => c.s.edge.channels?.viewers).toBe(0);
    await c.listener();
  });

  test('who break off in the middle of a message leave nothing behind', async () => {
    await start();
    for (const rest of ['\x81', '\x81\x8512', '\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff1234', '\xf7garbage']) {
      const socket = await switched();
      socket.write(Buffer.from(rest, 'latin1'));
      socket.destroySoon();
    }
    await expect.poll(() => c.s.edge.channels?.viewers).toBe(0);
    await c.listener();
  });

  test('who speak before they are answered are heard, and what is no message ends their connection alone', async () => {
    await start();
    const listener = await c.listener();
    expect(await saidAtOnce(Buffer.from('\xf7garbage', 'latin1'))).toContain('101 Switching Protocols');
    expect(await saidAtOnce(maskedFrame('{"type":"ping","ref":"early"}'))).toContain('"pong"');
    await expect.poll(() => c.s.edge.channels?.viewers).toBe(1);
    await answered(listener, 'still');
  });
});

/** A connection to a channel, just after the switch. */
async function switched(): Promise<Socket> {
  const { hostname, port, host } = new URL(c.s.url);
  const lines = [
    `GET ${liveChannelPath(STREAM)} HTTP/1.1`,
    ...[`Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', `Sec-WebSocket-Protocol: ${CHANNEL_PROTOCOL}`],
  ];
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}

/** All that an edge says to an upgrade with this right behind it, until it hangs up or has said `pong`. */
function saidAtOnce(bytes: Buffer): Promise<string> {
  const { hostname, port, host } = new URL(c.s.url);
  const head = [
    `GET ${liveChannelPath(STREAM)} HTTP/1.1`,
    ...[`Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', `Sec-WebSocket-Protocol: ${CHANNEL_PROTOCOL}`],
  ].join('\r\n');
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]));
  return new Promise((resolve) => {
    let said = '';
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
      if (said.includes('"pong"')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(said));
  });
}

/** Text of less than 126 bytes as a client sends it, under a mask of zeros. */
function maskedFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Each init is followed by a key frame of the picture, and parts follow each other unless an init stands between. */
function expectWhole(viewer: ChannelClient): void {
  const video = viewer.frames.filter(({ rendition }) => rendition < 2);
  for (const [at, { kind, rendition, sequence, part, isIndependent }] of video.entries()) {
    const before = video[at - 1];
    if (kind === 'init') continue;
    if (before?.kind === 'init') expect([rendition, isIndependent]).toEqual([before.rendition, true]);
    else if (isIndependent) expect(sequence).toBeGreaterThan(before?.sequence ?? -1);
    else expect([sequence, part], inWords(viewer).join(', ')).toEqual([before?.sequence, (before?.part ?? -9) + 1]);
  }
}

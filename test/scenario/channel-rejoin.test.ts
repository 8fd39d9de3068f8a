import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { CHANNEL_PROTOCOL, CLOSE_CODES } from '../../src/kernel/live/channel.ts';

/** What is read here of the player's connection, whose types are those of a browser. */
interface PageChannel {
  readonly view: { readonly value: { readonly connection: string; readonly closedBy?: string } };
  start(): void;
  stop(): void;
  say(text: string, name: string): Promise<{ readonly code: string } | undefined>;
}

interface PageSource {
  readonly url: () => Promise<string>;
  readonly onGrantEnded: () => void;
  readonly observes: boolean;
}

const PLAYER = new URL('../../player-demo/src/live/channel/channel-client.ts', import.meta.url);
const { ChannelClient } = (await import(PLAYER.href)) as { ChannelClient: new (source: PageSource) => PageChannel };

/** Whoever comes back has a second pause by then that is longer than the first one of all others. */
const PATIENCE = { timeout: 30_000 };

let server: WebSocketServer;
let pages: PageChannel[];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => CHANNEL_PROTOCOL });
  await once(server, 'listening');
  pages = [];
});

afterEach(() => {
  for (const page of pages) page.stop();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

/** A page on a channel that ends each of its connections with this code. */
function open(code: number, onGrantEnded = () => {}): PageChannel {
  const { port } = server.address() as AddressInfo;
  const url = async () => `ws://127.0.0.1:${port}/${code}`;
  const page = new ChannelClient({ url, onGrantEnded, observes: false });
  pages.push(page);
  page.start();
  return page;
}

function endWith(socket: WebSocket, code: number): void {
  if (code === 1006) socket.terminate();
  else if (code === 1005) socket.close();
  else socket.close(code, 'WHY');
}

/** Connections so far, by what they were ended with. */
function countEnded(): Map<number, number> {
  const ended = new Map<number, number>();
  server.on('connection', (socket, { url = '' }) => {
    const code = Number(url.slice(1));
    ended.set(code, (ended.get(code) ?? 0) + 1);
    endWith(socket, code);
  });
  return ended;
}

/** As it is documented: whom docs/channel.md asks to join again. */
async function cameBackCodes(): Promise<readonly number[]> {
  const docs = await readFile(new URL('../../docs/channel.md', import.meta.url), 'utf8');
  const sentence = /^Join again after (.*), with a random delay/m.exec(docs)?.[1] ?? '';
  return sentence.match(/\d+/g)?.map(Number) ?? [];
}

test('a page joins again after the codes that are documented for it, and after no other', async () => {
  const back = await cameBackCodes();
  const good = [...Object.values(CLOSE_CODES), 1000, 1002, 1008, 1011, 4005].filter((code) => !back.includes(code));
  const forGood = good.filter((code) => code !== CLOSE_CODES.GRANT_ENDED);
  expect(back.length).toBeGreaterThan(4);
  const ended = countEnded();
  const returning = back.map((code) => open(code));
  const closed = forGood.map((code) => open(code));
  for (const code of back) await expect.poll(() => ended.get(code), PATIENCE).toBeGreaterThan(2);
  expect(forGood.map((code) => [code, ended.get(code)])).toEqual(forGood.map((code) => [code, 1]));
  for (const { view } of closed) expect(view.value).toMatchObject({ connection: 'closed', closedBy: 'WHY' });
  for (const { view } of returning) expect(view.value.connection).toBe('away');
});

test('a page whose grant is over asks for another one before it joins again', async () => {
  const ended = countEnded();
  let grantsEnded = 0;
  open(CLOSE_CODES.GRANT_ENDED, () => grantsEnded++);
  await expect.poll(() => ended.get(CLOSE_CODES.GRANT_ENDED), PATIENCE).toBe(2);
  await expect.poll(() => grantsEnded, PATIENCE).toBe(2);
});

test('a page that is left while it is away does not come back', async () => {
  const ended = countEnded();
  const left = open(CLOSE_CODES.GOING_AWAY);
  await expect.poll(() => left.view.value.connection, PATIENCE).toBe('away');
  left.stop();
  open(CLOSE_CODES.TRY_AGAIN);
  await expect.poll(() => ended.get(CLOSE_CODES.TRY_AGAIN), PATIENCE).toBeGreaterThan(2);
  expect(ended.get(CLOSE_CODES.GOING_AWAY)).toBe(1);
});

test('what was said on a connection that ends is told to be lost, and its author may say it again', async () => {
  server.on('connection', (socket) => socket.on('message', () => endWith(socket, CLOSE_CODES.TOO_MANY_MESSAGES)));
  const page = open(CLOSE_CODES.TOO_MANY_MESSAGES);
  await once(server, 'connection');
  // Until it is open nothing can be said, which is told at once.
  const answers: (string | undefined)[] = [];
  await expect
    .poll(async () => {
      answers.push((await page.say('hello', 'Ada'))?.code);
      return page.view.value.connection;
    }, PATIENCE)
    .toBe('closed');
  expect(new Set(answers)).toEqual(new Set(['CONNECTION_LOST']));
});

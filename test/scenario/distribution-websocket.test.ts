import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { signUrl } from '../../src/kernel/access/sign.ts';
import { KEY_PAIR_ID, privateKey } from '../harness/film-edge.ts';
import type { Switching } from '../harness/origin.ts';
import { RawViewer } from '../harness/raw-viewer.ts';
import { behavior, distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ASK = [
  ...[`Host: ${HOST}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  ...[`Sec-WebSocket-Key: ${KEY}`, 'Sec-WebSocket-Protocol: chat', '', ''],
].join('\r\n');

async function start(trustedKeyGroups: readonly string[] = []): Promise<Switching[]> {
  edge = await startSiteEdge((origin) =>
    site({
      distributions: {
        dist: distribution([originAt(origin.url)], { defaultCacheBehavior: behavior({ trustedKeyGroups }) }),
      },
      keyGroups: { group: [KEY_PAIR_ID] },
    }),
  );
  const opened: Switching[] = [];
  edge.origin.switching('/chat', (switching) => {
    opened.push(switching);
    const key = `${switching.request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const proof = createHash('sha1').update(key).digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
    switching.socket.write(`${[...head, `Sec-WebSocket-Accept: ${proof}`, '', ''].join('\r\n')}hello`);
  });
  return opened;
}

function ask(target: string): Promise<string> {
  return new RawViewer(edge.s.url).send(`GET ${target} HTTP/1.1\r\n${ASK}`).until(/hello|\}$/);
}

test('a WebSocket is opened through a distribution whose policies name no fields', async () => {
  const opened = await start();
  expect(await ask('/chat')).toMatch(/^HTTP\/1\.1 101 .*hello$/s);
  expect(opened[0]?.request.headers).toMatchObject({
    ...{ 'sec-websocket-key': KEY, 'sec-websocket-version': '13', 'sec-websocket-protocol': 'chat' },
  });
});

test('a WebSocket of a behaviour with key groups is opened with a grant alone, which its origin does not hear of', async () => {
  const opened = await start(['group']);
  expect(await ask('/chat')).toMatch(/^HTTP\/1\.1 403 /);
  const expiresAtMs = edge.clock.ms + 60_000;
  const { search } = new URL(signUrl({ url: `http://${HOST}/chat`, expiresAtMs, keyPairId: KEY_PAIR_ID, privateKey }));
  expect(await ask(`/chat${search}`)).toMatch(/^HTTP\/1\.1 101 /);
  expect(opened.map(({ request }) => request.url)).toEqual(['/chat']);
});

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';
import { TestServer } from '../harness/server.ts';

interface Item {
  readonly language: string;
  readonly name?: string;
  readonly origin: string;
  readonly status: string;
  readonly playlistUrl?: string;
}

let server: TestServer;
let folder: string;
let assetId: string;

beforeAll(async () => {
  folder = await freshFolder();
  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: 5, size: '160x120', rate: '25' });
  server = await TestServer.start();
  const asset = await server.upload(new Uint8Array(await readFile(clip)), 'clip.mp4', 'signed');
  assetId = asset.assetId;
  // Sent at once: the film may not be planned yet, and it must be shown all the same.
  expect((await put('fr', srt('Bonjour'))).status).toBe(200);
  const { status } = await server.until(assetId, (each) => each.status === 'ready' || each.status === 'errored');
  expect(status).toBe('ready');
}, 180_000);

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const srt = (text: string) => `1\r\n00:00:01,000 --> 00:00:02,000\r\n${text}\r\n`;

function put(
  language: string,
  body: string | Buffer<ArrayBuffer>,
  query = '',
  token = server.run.adminToken,
): Promise<Response> {
  return fetch(`${server.run.control}/v1/assets/${assetId}/subtitles/${language}${query}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-subrip' },
    body,
  });
}

async function listed(): Promise<readonly Item[]> {
  const answer = await server.api('GET', `/v1/assets/${assetId}/subtitles`);
  return ((await answer.json()) as { items: Item[] }).items;
}

async function published(language: string, name?: string): Promise<Item> {
  const find = async () =>
    (await listed()).find((each) => each.language === language && each.name === name && each.status === 'published');
  await expect.poll(find, { timeout: 20_000 }).toBeDefined();
  return (await find()) as Item;
}

/** The multivariant playlist as a viewer with a signed URL gets it, and an address on it as that viewer asks for it. */
async function watch(): Promise<{ text: string; fetchOn: (uri: string) => Promise<Response> }> {
  const grant = await server.api('POST', '/v1/playback-grants', { assetId });
  const { url } = (await grant.json()) as { url: string };
  const text = await (await fetch(url)).text();
  return { text, fetchOn: (uri) => fetch(new URL(uri, url)) };
}

const subtitleUris = (master: string) =>
  [...master.matchAll(/TYPE=SUBTITLES.*URI="([^"]+)"/g)].map((match) => match[1] ?? '');

/** The playlist is short-lived, so what was put is seen a few seconds later at the latest. */
async function untilListed(is: (uris: readonly string[]) => boolean): Promise<Awaited<ReturnType<typeof watch>>> {
  await expect.poll(async () => is(subtitleUris((await watch()).text)), { timeout: 20_000 }).toBe(true);
  return watch();
}

describe('uploaded subtitles', () => {
  test('sent before the film was planned are shown', async () => {
    await published('fr');
    const { text } = await untilListed((uris) => uris.length === 1);
    expect(text).toContain('NAME="French",LANGUAGE="fr"');
  });

  test('come to a viewer with a signed URL, segment and all, for good', async () => {
    const answer = await put('de', Buffer.from(srt('Grüße <b>Welt</b>'), 'latin1'), '?name=Deutsch&default=true');
    expect(await answer.json()).toMatchObject({ language: 'de', name: 'Deutsch', default: true, status: 'pending' });
    await published('de', 'Deutsch');
    const { text, fetchOn } = await untilListed((uris) => uris.length === 2);
    expect(text).toMatch(/NAME="Deutsch",LANGUAGE="de",DEFAULT=YES,AUTOSELECT=YES/);
    const uri = /NAME="Deutsch".*URI="([^"]+)"/.exec(text)?.[1] ?? '';
    const answered = await fetchOn(uri);
    const playlist = parsePlaylist(await answered.clone().text());
    if (playlist?.kind !== 'media') throw new Error('no media playlist');
    const segment = await fetch(new URL(playlist.segments[0]?.uri ?? '', answered.url));
    expect([segment.status, segment.headers.get('content-type')]).toEqual([200, 'text/vtt; charset=utf-8']);
    expect(segment.headers.get('cache-control')).toContain('immutable');
    expect(await segment.text()).toContain('00:00:01.000 --> 00:00:02.000\nGrüße <b>Welt</b>');
  });

  test("are nobody else's: without the grant they are refused", async () => {
    const { playlistUrl } = await published('fr');
    expect((await fetch(playlistUrl ?? '')).status).toBe(403);
  });

  test('that replace others are found at another address, and the old ones are gone', async () => {
    const before = await published('de', 'Deutsch');
    await put('de', srt('Neu'), '?name=Neu');
    const after = await published('de', 'Neu');
    expect(after.playlistUrl).not.toBe(before.playlistUrl);
    const path = new URL(before.playlistUrl ?? '').pathname;
    await expect.poll(() => readFile(join(server.folder, 'media', path)).catch(() => 'gone')).toBe('gone');
    const { text } = await untilListed((uris) => uris.every((uri) => !uri.endsWith(path)));
    expect(text).toContain('NAME="Neu"');
  });

  test('can be removed, and then again there is nothing to remove', async () => {
    const address = `/v1/assets/${assetId}/subtitles/de`;
    expect((await server.api('DELETE', address)).status).toBe(204);
    await untilListed((uris) => uris.length === 1);
    expect((await server.api('DELETE', address)).status).toBe(404);
  });
});

test('the shell adds, lists and deletes them', async () => {
  const file = join(folder, 'english.srt');
  await writeFile(file, srt('Hello'));
  const at = ['--data', server.folder, '--json'];
  const added = await frontrow(['asset', 'subtitles', 'add', assetId, 'en-gb', file, '--kind', 'captions', ...at]);
  expect(JSON.parse(added.stdout)).toMatchObject({ language: 'en-GB', kind: 'captions' });
  await published('en-GB');
  const all = JSON.parse((await frontrow(['asset', 'subtitles', 'list', assetId, ...at])).stdout) as { items: Item[] };
  expect(all.items.map(({ language }) => language)).toEqual(['fr', 'en-GB']);
  await frontrow(['asset', 'subtitles', 'delete', assetId, 'en-GB', ...at]);
  expect((await listed()).map(({ language }) => language)).toEqual(['fr']);
});

describe('refused is', () => {
  const code = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];

  test('what holds no cue', async () =>
    expect(await code(await put('de', 'Hello'))).toEqual([422, 'SUBTITLES_INVALID']));

  test('an empty body', async () => expect(await code(await put('de', ''))).toEqual([422, 'SUBTITLES_INVALID']));

  test("a film's worth of bytes", async () =>
    expect(await code(await put('de', 'x'.repeat(3_000_000)))).toEqual([413, 'BODY_TOO_LARGE']));

  test.each(['x', 'not a tag', '..%2f..', 'de;x'])('the language %s', async (language) =>
    expect(await code(await put(encodeURIComponent(language), srt('Hi')))).toEqual([400, 'INVALID_REQUEST']),
  );

  test('an asset that is not there', async () => {
    const answer = await server.api('GET', '/v1/assets/as_aaaabbbbccccdddd/subtitles');
    expect(await code(answer)).toEqual([404, 'NOT_FOUND']);
  });

  test('a token that may only read', async () => {
    const made = await server.api('POST', '/v1/tokens', { name: 'reader', scopes: ['assets:read'] });
    const { token } = (await made.json()) as { token: string };
    expect(await code(await put('de', srt('Hi'), '', token))).toEqual([403, 'SCOPE_MISSING']);
  });
});

import { expect, test } from 'vitest';
import { FilmOrder } from './film-order.ts';

const FOLDER = '/assets/as_abcdefghjkmnpqrs/v1/360p/';
const at = (...names: string[]) => names.map((name) => FOLDER + name);

function playlist(uris: readonly string[]): Buffer {
  const segments = uris.map((uri) => `#EXTINF:4,\n${uri}\n`).join('');
  return Buffer.from(`#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI="init.mp4"\n${segments}#EXT-X-ENDLIST\n`);
}

function learned(...uris: string[]): FilmOrder {
  const order = new FilmOrder();
  order.learn(`${FOLDER}index.m3u8`, playlist(uris));
  return order;
}

test('the segments behind one are those the playlist names behind it, and none are behind the last', () => {
  const order = learned('s00000.m4s', 's00001.m4s', 's00002.m4s');
  expect(order.after(`${FOLDER}s00000.m4s`, 1)).toEqual(at('s00001.m4s'));
  expect(order.after(`${FOLDER}s00000.m4s`, 4)).toEqual(at('s00001.m4s', 's00002.m4s'));
  expect(order.after(`${FOLDER}s00002.m4s`, 1)).toEqual([]);
});

test('the order is the playlist’s, not that of the numbers', () => {
  const order = learned('s00007.m4s', 's00002.m4s', 's00123.m4s');
  expect(order.after(`${FOLDER}s00007.m4s`, 2)).toEqual(at('s00002.m4s', 's00123.m4s'));
  expect(order.after(`${FOLDER}s00002.m4s`, 2)).toEqual(at('s00123.m4s'));
});

test('a segment that no playlist named has nothing behind it', () => {
  const order = learned('s00000.m4s', 's00001.m4s');
  expect(order.after(`${FOLDER}s00009.m4s`, 1)).toEqual([]);
  expect(order.after(`${FOLDER}init.mp4`, 1)).toEqual([]);
  expect(order.after('/assets/as_abcdefghjkmnpqrs/v1/720p/s00000.m4s', 1)).toEqual([]);
});

test.each([
  ['an address elsewhere', 'http://10.0.0.1/s00001.m4s'],
  ['an address without scheme', '//elsewhere.example/s00001.m4s'],
  ['an absolute path', '/assets/as_abcdefghjkmnpqrs/v1/360p/s00001.m4s'],
  ['a way up', '../720p/s00001.m4s'],
  ['another folder below', 'x/s00001.m4s'],
  ['a query', 's00001.m4s?all=1'],
  ['an encoded way up', '%2e%2e/s00001.m4s'],
  ['another file', 'index.m3u8'],
])('%s in a playlist is not followed', (_name, uri) => {
  const order = learned('s00000.m4s', uri, 's00002.m4s');
  expect(order.after(`${FOLDER}s00000.m4s`, 4)).toEqual(at('s00002.m4s'));
});

test('a playlist that goes in circles leads no further than asked', () => {
  const order = learned('s00000.m4s', 's00001.m4s', 's00000.m4s', 's00001.m4s');
  expect(order.after(`${FOLDER}s00000.m4s`, 1)).toEqual(at('s00001.m4s'));
});

test('a playlist beyond all measure teaches nothing, and unteaches what was known', () => {
  const order = learned('s00000.m4s', 's00001.m4s');
  const huge = Buffer.concat([playlist(['s00000.m4s', 's00001.m4s']), Buffer.alloc(2_097_152, '\n')]);
  order.learn(`${FOLDER}index.m3u8`, huge);
  expect(order.after(`${FOLDER}s00000.m4s`, 1)).toEqual([]);
});

test('only media playlists of films are read', () => {
  const order = new FilmOrder();
  order.learn(`${FOLDER}other.m3u8`, playlist(['s00000.m4s', 's00001.m4s']));
  order.learn(`${FOLDER}index.m3u8`, Buffer.from('<html>'));
  expect(order.knows(`${FOLDER}index.m3u8`)).toBe(false);
});

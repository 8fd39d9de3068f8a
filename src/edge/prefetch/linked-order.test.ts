import { expect, test } from 'vitest';
import { ownKey, PLAIN_NAMING } from '../phases/own-key.ts';
import { LinkedOrder } from './linked-order.ts';

const ORIGIN = {
  url: new URL('http://origin.test:3000'),
  isOwnHost: (host: string) => host === 'origin.test:3000',
};
const PLAYLIST = '/live/720p/index.m3u8?token=abc';

function playlist(lines: readonly string[], { ended = false } = {}): Buffer {
  const body = lines.map((line) => (line.startsWith('#') ? line : `#EXTINF:4,\n${line}`));
  return Buffer.from(['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...body, ended ? '#EXT-X-ENDLIST' : '', ''].join('\n'));
}

function learned(lines: readonly string[], how: { ended?: boolean } = {}): LinkedOrder {
  const order = new LinkedOrder((uri, resource, viewedHost) =>
    ownKey(uri, { resource, origin: ORIGIN, viewedHost, naming: PLAIN_NAMING }),
  );
  order.learn(PLAYLIST, playlist(lines, how), 'www.example.test');
  return order;
}

test('behind a segment stand those the playlist names behind it, by whatever names', () => {
  const order = learned(['a.ts?sig=1', '../720p/b.ts', '/elsewhere/c%20d.m4s', 'http://www.example.test/e.ts']);
  expect(order.after('/live/720p/a.ts?sig=1', 9)).toEqual(['/live/720p/b.ts', '/elsewhere/c%20d.m4s', '/e.ts']);
  expect(order.after('/live/720p/a.ts?sig=1', 1)).toEqual(['/live/720p/b.ts']);
  expect(order.after('/live/720p/a.ts', 1)).toEqual([]);
  expect(order.after('/e.ts', 1)).toEqual([]);
});

test('a whole film begins with its init section and its first segment, a live one where its viewer likes', () => {
  const lines = ['#EXT-X-MAP:URI="init.mp4"', 'a.m4s', 'b.m4s'];
  const opening = ['/live/720p/init.mp4', '/live/720p/a.m4s'];
  expect(learned(lines, { ended: true }).after(PLAYLIST, 2)).toEqual(opening);
  expect(learned(['a.ts', 'b.ts'], { ended: true }).after(PLAYLIST, 1)).toEqual(['/live/720p/a.ts']);
  expect(learned(lines).after(PLAYLIST, 2)).toEqual([]);
});

test('what another host has is never fetched, nor does anything lead past it', () => {
  const order = learned(['a.ts', 'http://10.0.0.1/b.ts', '//other.test/c.ts', 'file:///etc/passwd', 'd.ts', 'e.ts']);
  expect(order.after('/live/720p/a.ts', 9)).toEqual([]);
  expect(order.after('/live/720p/d.ts', 9)).toEqual(['/live/720p/e.ts']);
});

test('parts of one file are one file', () => {
  const order = learned(['#EXT-X-BYTERANGE:10@0', 'a.ts', '#EXT-X-BYTERANGE:10@10', 'a.ts', 'b.ts', 'b.ts']);
  expect(order.after('/live/720p/a.ts', 9)).toEqual(['/live/720p/b.ts']);
});

test('a playlist that names a file again leads round no more often than it is asked', () => {
  expect(learned(['a.ts', 'b.ts', 'a.ts']).after('/live/720p/a.ts', 3)).toEqual(
    ['b', 'a', 'b'].map((name) => `/live/720p/${name}.ts`),
  );
});

test.each([
  ['text of another kind', Buffer.from('a.ts\nb.ts')],
  ['a multivariant playlist', Buffer.from('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n')],
  ['one beyond two mebibytes', Buffer.concat([playlist(['a.ts', 'b.ts']), Buffer.alloc(2_097_152, '#')])],
  ['compressed bytes', Buffer.from([0x1f, 0x8b, 8, 0])],
  ['nothing', Buffer.alloc(0)],
])('%s teaches nothing', (_, body) => {
  const order = learned([]);
  order.learn('/x.m3u8', body);
  expect(order.knows('/x.m3u8')).toBe(false);
  expect(order.after('/a.ts', 1)).toEqual([]);
});

test('endless addresses and a crowd of playlists stay within bounds', () => {
  const order = learned(['a.ts', `${'b'.repeat(3000)}.ts`, 'c.ts']);
  expect(order.after('/live/720p/a.ts', 1)).toEqual([]);
  for (let at = 0; at < 300; at++) {
    order.learn(
      `/${at}.m3u8`,
      playlist(Array.from({ length: 500 }, (_, index) => `${at}-${index}-${'x'.repeat(200)}.ts`)),
    );
  }
  expect(order.after('/live/720p/a.ts', 1)).toEqual([]);
  expect(order.after(`/299-0-${'x'.repeat(200)}.ts`, 1)).toHaveLength(1);
  expect(order.after(`/0-0-${'x'.repeat(200)}.ts`, 1)).toEqual([]);
});

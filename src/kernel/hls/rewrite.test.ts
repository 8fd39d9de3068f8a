import { expect, test } from 'vitest';
import { rewriteUris } from './rewrite.ts';

const mark = (uri: string) => `<${uri}>`;

const cases: [string, string, string][] = [
  ['a URI line', '#EXTM3U\nseg.m4s\n', '#EXTM3U\n<seg.m4s>\n'],
  ['a URI attribute', '#EXT-X-MAP:URI="init.mp4",BYTERANGE="5@0"\n', '#EXT-X-MAP:URI="<init.mp4>",BYTERANGE="5@0"\n'],
  [
    'an attribute that is not the first',
    '#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8"',
    '#EXT-X-MEDIA:TYPE=AUDIO,URI="<a.m3u8>"',
  ],
  ['an attribute whose name only ends so', '#EXT-X-X:ASSET-URI="a"', '#EXT-X-X:ASSET-URI="a"'],
  ['comments and blank lines stay', '# URI="x"\n\n \nseg', '# URI="x"\n\n \n<seg>'],
  ['line ends stay as they were', '#EXTM3U\r\na\nb\r\n', '#EXTM3U\r\n<a>\n<b>\r\n'],
  ['blanks around a URI stay', '  a.ts \n', '  <a.ts> \n'],
  ['no line end at the end', 'a', '<a>'],
  ['nothing', '', ''],
];

test.each(cases)('%s', (_name, playlist, expected) => expect(rewriteUris(playlist, mark)).toBe(expected));

test('a URI with replacement patterns is put in as it is', () => {
  expect(rewriteUris('a\n#EXT-X-MAP:URI="b"', () => "$&$1$'")).toBe('$&$1$\'\n#EXT-X-MAP:URI="$&$1$\'"');
});

import { expect, test } from 'vitest';
import { type Sniffed, sniff } from './sniff.ts';

const cases: [string, string, Sniffed][] = [
  ['nothing', '', 'empty'],
  ['an MP4', '\0\0\0\x20ftypisom', 'iso'],
  ['a QuickTime file without a brand', '\0\0\0\x08wide\0\0\0\0mdat', 'iso'],
  ['a HEIC picture', '\0\0\0\x20ftypheic', 'refused'],
  ['a WebM', '\x1aE\xdf\xa3', 'other'],
  ['a text', 'hello', 'other'],
  ['a WAVE file', 'RIFF\0\0\0\0WAVEfmt ', 'other'],
  ['a WebP picture', 'RIFF\0\0\0\0WEBPVP8 ', 'refused'],
  ['a JPEG', '\xff\xd8\xff\xe0', 'refused'],
  ['a playlist', '#EXTM3U\n', 'refused'],
  ['a playlist behind a byte order mark', '\xef\xbb\xbf#EXTM3U\n', 'refused'],
  ['a playlist in UTF-16', '\xff\xfe#\0E\0X\0T\0M\x003\0U\0', 'refused'],
  ['a playlist behind blanks', '\r\n\t #EXTM3U', 'refused'],
  ['an SVG behind a comment', '<!-- hi --><svg xmlns="x">', 'refused'],
  ['an SVG in capitals', '<SVG>', 'refused'],
  ['a page', '<!DOCTYPE html>', 'refused'],
  ['a DASH manifest', '<?xml version="1.0"?><MPD>', 'refused'],
  ['a concat script', 'ffconcat version 1.0', 'refused'],
  ['a session description', 'v=0\r\no=-', 'refused'],
  ['a document', '%PDF-1.7', 'refused'],
  ['an archive', 'PK\x03\x04', 'refused'],
];

test.each(cases)('%s', (_name, text, expected) => expect(sniff(Buffer.from(text, 'latin1'))).toBe(expected));

import { expect, test } from 'vitest';
import { isMatroskaType, isOwnPage, readBrowserMessage, startsMatroska } from './browser-ingest.ts';

test('a browser publishes and says goodbye', () => {
  const publish = { type: 'publish', streamKey: 'sk_a', mimeType: 'video/webm;codecs=vp8,opus' };
  expect(readBrowserMessage(JSON.stringify({ ...publish, more: 1 }))).toEqual(publish);
  expect(readBrowserMessage('{"type":"finished"}')).toEqual({ type: 'finished' });
});

const strange = ['', 'null', '[]', '"publish"', '{', '{"type":"play"}', '{"type":"publish","mimeType":"video/webm"}'];
test.each([...strange, JSON.stringify({ type: 'publish', streamKey: 'k'.repeat(201), mimeType: '' })])(
  '%s is no message',
  (text) => {
    expect(readBrowserMessage(text)).toBeUndefined();
  },
);

test('recorders of WebM and Matroska are taken, of MP4 not', () => {
  const types = ['video/webm', 'video/webm;codecs=h264', 'audio/webm;codecs=opus', 'video/x-matroska;codecs=avc1'];
  expect(types.map(isMatroskaType)).toEqual([true, true, true, true]);
  expect(['video/mp4', 'video/webmish', 'text/html', ''].map(isMatroskaType)).toEqual([false, false, false, false]);
});

test('pages of ours may publish, others may not', () => {
  const asked = (origin: string | undefined) => isOwnPage(origin, '10.0.0.1:8080', 'https://video.example/');
  expect([undefined, 'http://10.0.0.1:8080', 'https://video.example'].map(asked)).toEqual([true, true, true]);
  expect(['https://evil.example', 'null', 'http://10.0.0.1:80'].map(asked)).toEqual([false, false, false]);
});

test('a recording is known by its first bytes, however few of them come first', () => {
  const bytes = (...values: number[]) => startsMatroska(Uint8Array.from(values));
  expect([bytes(0x1a, 0x45, 0xdf, 0xa3, 0x9f), bytes(0x1a)]).toEqual([true, true]);
  expect([bytes(0x46, 0x4c, 0x56, 0x01), bytes(0x46), bytes(0x1a, 0x45, 0xdf, 0x00)]).toEqual([false, false, false]);
});

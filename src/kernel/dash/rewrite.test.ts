import { expect, test } from 'vitest';
import { rewriteManifest } from './rewrite.ts';
import { writeManifest } from './write.ts';

const MANIFEST = writeManifest({
  bufferSeconds: 4,
  periods: [
    {
      durationSeconds: 8,
      sets: [
        {
          contentType: 'audio',
          label: 'A "track" & <more>',
          roles: ['main'],
          timescale: 48_000,
          timeline: [{ durationTicks: 192_000, count: 2 }],
          initTemplate: 'v1/$RepresentationID$/init.mp4',
          mediaTemplate: 'v1/$RepresentationID$/s$Number%05d$.m4s',
          representations: [{ id: 'audio', codecs: 'mp4a.40.2', bandwidthBps: 128_000 }],
        },
      ],
      texts: [{ id: 'text-en', label: 'English', roles: ['main'], bandwidthBps: 1_000, uri: 'subtitles/en/all.vtt' }],
    },
  ],
});

test('every template and every address of a file is put under the prefix, and nothing else is touched', () => {
  const seen: string[] = [];
  const own = rewriteManifest(MANIFEST, (address) => {
    seen.push(address);
    return `/t/x/${address}`;
  });
  expect(seen).toEqual([
    'v1/$RepresentationID$/init.mp4',
    'v1/$RepresentationID$/s$Number%05d$.m4s',
    'subtitles/en/all.vtt',
  ]);
  expect(own.replaceAll('/t/x/', '')).toBe(MANIFEST);
  expect(own).toContain('media="/t/x/v1/$RepresentationID$/s$Number%05d$.m4s"');
});

test('text of a film cannot become markup', () => {
  expect(MANIFEST).toContain('<Label>A &#34;track&#34; &#38; &#60;more&#62;</Label>');
});

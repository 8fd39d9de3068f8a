import type { Rational } from '../film/film.ts';
import type { AdaptationSet, Manifest, Period, Representation, TextSet } from './manifest.ts';

const ROLES = 'urn:mpeg:dash:role:2011';
const CHANNELS = 'urn:mpeg:mpegB:cicp:ChannelConfiguration';

/** Text of a static manifest. */
export function writeManifest({ bufferSeconds, periods }: Manifest): string {
  const durationSeconds = periods.reduce((sum, period) => sum + period.durationSeconds, 0);
  const attributes = {
    xmlns: 'urn:mpeg:dash:schema:mpd:2011',
    profiles: 'urn:mpeg:dash:profile:isoff-live:2011',
    type: 'static',
    mediaPresentationDuration: `PT${durationSeconds.toFixed(6)}S`,
    minBufferTime: `PT${bufferSeconds}S`,
  };
  let startSeconds = 0;
  const content = periods.flatMap((period, index) => {
    const start = index === 0 ? 'PT0S' : `PT${startSeconds.toFixed(6)}S`;
    startSeconds += period.durationSeconds;
    return element('Period', { id: String(index), start }, periodContent(period));
  });
  return `${['<?xml version="1.0" encoding="UTF-8"?>', ...element('MPD', attributes, content)].join('\n')}\n`;
}

function periodContent({ sets, texts }: Period): string[] {
  return [...sets.flatMap(adaptationSet), ...texts.flatMap((text, index) => textSet(text, sets.length + index))];
}

function adaptationSet(set: AdaptationSet, index: number): string[] {
  const attributes = {
    id: String(index),
    contentType: set.contentType,
    mimeType: `${set.contentType}/mp4`,
    lang: set.language,
    segmentAlignment: 'true',
    startWithSAP: '1',
  };
  return element('AdaptationSet', attributes, [
    ...(set.label === undefined ? [] : [`<Label>${escaped(set.label)}</Label>`]),
    ...set.roles.flatMap((value) => element('Role', { schemeIdUri: ROLES, value })),
    ...segmentTemplate(set),
    ...set.representations.flatMap(representation),
  ]);
}

function textSet({ id, language, label, roles, bandwidthBps, uri }: TextSet, index: number): string[] {
  const attributes = { id: String(index), contentType: 'text', mimeType: 'text/vtt', lang: language };
  const file = [`<BaseURL>${escaped(uri)}</BaseURL>`];
  return element('AdaptationSet', attributes, [
    `<Label>${escaped(label)}</Label>`,
    ...roles.flatMap((value) => element('Role', { schemeIdUri: ROLES, value })),
    ...element('Representation', { id, bandwidth: String(bandwidthBps) }, file),
  ]);
}

function segmentTemplate(set: AdaptationSet): string[] {
  const { timescale, timeline, startTicks = 0, periodTicks = 0, startNumber = 0, initTemplate, mediaTemplate } = set;
  const attributes = {
    timescale: String(timescale),
    presentationTimeOffset: periodTicks === 0 ? undefined : String(periodTicks),
    startNumber: String(startNumber),
    initialization: initTemplate,
    media: mediaTemplate,
  };
  const runs = timeline.flatMap(({ durationTicks, count }, index) =>
    element('S', {
      // Only the first run says when it starts; the others follow.
      t: index === 0 ? String(startTicks) : undefined,
      d: String(durationTicks),
      r: count > 1 ? String(count - 1) : undefined,
    }),
  );
  return element('SegmentTemplate', attributes, element('SegmentTimeline', {}, runs));
}

function representation({ id, codecs, bandwidthBps, picture, sound }: Representation): string[] {
  const attributes = {
    id,
    codecs,
    bandwidth: String(bandwidthBps),
    width: picture && String(picture.width),
    height: picture && String(picture.height),
    frameRate: picture && frameRate(picture.frameRate),
    sar: picture && '1:1',
    audioSamplingRate: sound && String(sound.sampleRate),
  };
  const channels = sound && { schemeIdUri: CHANNELS, value: String(sound.channels) };
  return element('Representation', attributes, channels ? element('AudioChannelConfiguration', channels) : []);
}

function frameRate({ num, den }: Rational): string {
  return den === 1 ? String(num) : `${num}/${den}`;
}

/** Lines of an element; attributes that are undefined are left out. */
function element(
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  content: readonly string[] = [],
): string[] {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escaped(value)}"`],
  );
  const opening = `${name}${written.join('')}`;
  if (content.length === 0) return [`<${opening}/>`];
  return [`<${opening}>`, ...content.map((line) => `  ${line}`), `</${name}>`];
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

import { dateRangeLine } from '../live/date-range.ts';
import type {
  AudioMedia,
  IframePlaylist,
  IframeStream,
  MediaPlaylist,
  MediaSegment,
  MultivariantPlaylist,
  SubtitleMedia,
  Variant,
} from './playlist.ts';

/** 6: the first version with EXT-X-MAP in an ordinary media playlist, and nothing later is used. */
const VERSION = 6;

/** Text of a complete VOD media playlist. Durations are printed in microseconds, finer than any frame. */
export function writeMediaPlaylist(playlist: MediaPlaylist): string {
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${playlist.targetDurationSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${playlist.firstSequence ?? 0}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    ...(playlist.initUri === undefined ? [] : [`#EXT-X-MAP:URI=${quoted(playlist.initUri)}`]),
    // After the map, so that it does not hold for it: only what follows a key is encrypted (RFC 8216 section 4.3.2.4).
    ...(playlist.keyUri === undefined ? [] : [`#EXT-X-KEY:METHOD=AES-128,URI=${quoted(playlist.keyUri)}`]),
    ...(playlist.dateRanges ?? []).map(dateRangeLine),
    ...playlist.segments.flatMap(segmentLines),
    '#EXT-X-ENDLIST',
  ]);
}

function segmentLines({ uri, durationSeconds, recordedAtMs, isGap, ...splice }: MediaSegment): string[] {
  return [
    ...spliceLines(splice),
    ...(recordedAtMs === undefined ? [] : [`#EXT-X-PROGRAM-DATE-TIME:${new Date(recordedAtMs).toISOString()}`]),
    ...(isGap ? ['#EXT-X-GAP'] : []),
    `#EXTINF:${durationSeconds.toFixed(6)},`,
    uri,
  ];
}

function spliceLines({ isSplice, initUri }: Pick<MediaSegment, 'isSplice' | 'initUri'>): string[] {
  return [
    ...(isSplice ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(initUri === undefined ? [] : [`#EXT-X-MAP:URI=${quoted(initUri)}`]),
  ];
}

/** 5: the first version with EXT-X-MAP in a playlist of key frames. */
const IFRAMES_VERSION = 5;

/** Text of a complete playlist of key frames. */
export function writeIframePlaylist(playlist: IframePlaylist): string {
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${IFRAMES_VERSION}`,
    `#EXT-X-TARGETDURATION:${playlist.targetDurationSeconds}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-I-FRAMES-ONLY',
    `#EXT-X-MAP:URI=${quoted(playlist.initUri)}`,
    ...playlist.frames.flatMap(({ uri, startByte, sizeBytes, durationSeconds, ...splice }) => [
      ...spliceLines(splice),
      `#EXTINF:${durationSeconds.toFixed(6)},`,
      `#EXT-X-BYTERANGE:${sizeBytes}@${startByte}`,
      uri,
    ]),
    '#EXT-X-ENDLIST',
  ]);
}

/** Text of a multivariant playlist, variants in the order given: players start with the first. */
export function writeMultivariantPlaylist(playlist: MultivariantPlaylist): string {
  return lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...(playlist.startSeconds === undefined
      ? []
      : [`#EXT-X-START:TIME-OFFSET=${playlist.startSeconds.toFixed(3)},PRECISE=YES`]),
    ...playlist.audio.map(audioMediaLine),
    ...(playlist.subtitles ?? []).map(subtitleMediaLine),
    ...playlist.variants.flatMap((variant) => [streamLine(variant), variant.uri]),
    ...playlist.iframes.map(iframeLine),
  ]);
}

function iframeLine(stream: IframeStream): string {
  return tag('EXT-X-I-FRAME-STREAM-INF', [
    ['BANDWIDTH', String(stream.bandwidthBps)],
    ['AVERAGE-BANDWIDTH', String(stream.averageBandwidthBps)],
    ['CODECS', quoted(stream.codecs)],
    ['RESOLUTION', `${stream.width}x${stream.height}`],
    ['VIDEO-RANGE', 'SDR'],
    ['URI', quoted(stream.uri)],
  ]);
}

function audioMediaLine(media: AudioMedia): string {
  return tag('EXT-X-MEDIA', [
    ['TYPE', 'AUDIO'],
    ['GROUP-ID', quoted(media.group)],
    ['NAME', quoted(media.name)],
    ...(media.language === undefined ? [] : [['LANGUAGE', quoted(media.language)] as const]),
    ['DEFAULT', answer(media.isDefault)],
    ['AUTOSELECT', answer(media.isAutoselected)],
    ...(media.characteristics ? [['CHARACTERISTICS', quoted(media.characteristics.join(','))] as const] : []),
    ['CHANNELS', quoted(String(media.channels))],
    ['URI', quoted(media.uri)],
  ]);
}

function subtitleMediaLine(media: SubtitleMedia): string {
  return tag('EXT-X-MEDIA', [
    ['TYPE', 'SUBTITLES'],
    ['GROUP-ID', quoted(media.group)],
    ['NAME', quoted(media.name)],
    ...(media.language === undefined ? [] : [['LANGUAGE', quoted(media.language)] as const]),
    ['DEFAULT', answer(media.isDefault)],
    ['AUTOSELECT', answer(media.isAutoselected)],
    ['FORCED', answer(media.isForced)],
    ...(media.characteristics ? [['CHARACTERISTICS', quoted(media.characteristics.join(','))] as const] : []),
    ['URI', quoted(media.uri)],
  ]);
}

function answer(yes: boolean): string {
  return yes ? 'YES' : 'NO';
}

function streamLine(variant: Variant): string {
  const { picture, audioGroup, subtitleGroup } = variant;
  return tag('EXT-X-STREAM-INF', [
    ['BANDWIDTH', String(variant.bandwidthBps)],
    ['AVERAGE-BANDWIDTH', String(variant.averageBandwidthBps)],
    ['CODECS', quoted(variant.codecs.join(','))],
    ...(picture
      ? ([
          ['RESOLUTION', `${picture.width}x${picture.height}`],
          ['FRAME-RATE', picture.framesPerSecond.toFixed(3)],
          ['VIDEO-RANGE', 'SDR'],
        ] as const)
      : []),
    ...(audioGroup === undefined ? [] : [['AUDIO', quoted(audioGroup)] as const]),
    ...(subtitleGroup === undefined ? [] : [['SUBTITLES', quoted(subtitleGroup)] as const]),
    ...(picture ? [['CLOSED-CAPTIONS', 'NONE'] as const] : []),
  ]);
}

function tag(name: string, attributes: readonly (readonly [string, string])[]): string {
  return `#${name}:${attributes.map(([key, value]) => `${key}=${value}`).join(',')}`;
}

/** A quoted string may hold neither a quote nor a line end, and there is no way to escape them (section 4.2). */
function quoted(text: string): string {
  return `"${text.replace(/["\r\n]/g, ' ')}"`;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

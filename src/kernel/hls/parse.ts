import { Parser } from 'm3u8-parser';

/** What is read of a playlist, ours or foreign. */
export type ParsedPlaylist =
  | {
      readonly kind: 'multivariant';
      readonly variants: readonly ParsedVariant[];
      /** URIs of renditions that play beside the variants, such as audio. */
      readonly mediaUris: readonly string[];
    }
  | {
      readonly kind: 'media';
      readonly targetDurationSeconds: number;
      readonly mediaSequence: number;
      readonly ended: boolean;
      readonly initUri?: string;
      readonly segments: readonly { readonly uri: string; readonly durationSeconds: number }[];
    };

export interface ParsedVariant {
  readonly uri: string;
  readonly bandwidthBps: number;
  readonly averageBandwidthBps?: number;
  readonly codecs: readonly string[];
  readonly width?: number;
  readonly height?: number;
  readonly framesPerSecond?: number;
  readonly audioGroup?: string;
}

/** Reads a playlist; undefined for text that is none. Never throws, whatever the text: edges read foreign playlists. */
export function parsePlaylist(text: string): ParsedPlaylist | undefined {
  if (!text.startsWith('#EXTM3U')) return undefined;
  try {
    const parser = new Parser();
    parser.push(text);
    parser.end();
    return read(parser.manifest);
  } catch {
    // The parser throws a TypeError at some malformed attribute lists; such text is no playlist to anybody.
    return undefined;
  }
}

type Manifest = Parser['manifest'];

function read(manifest: Manifest): ParsedPlaylist | undefined {
  const variants = manifest.playlists ?? [];
  if (variants.length > 0) {
    return { kind: 'multivariant', variants: variants.map(readVariant), mediaUris: readMediaUris(manifest) };
  }
  const segments = manifest.segments ?? [];
  if (manifest.targetDuration === undefined) return undefined;
  const initUri = segments[0]?.map?.uri;
  return {
    kind: 'media',
    targetDurationSeconds: manifest.targetDuration,
    mediaSequence: manifest.mediaSequence ?? 0,
    ended: manifest.endList ?? false,
    ...(initUri === undefined ? {} : { initUri }),
    segments: segments.map(({ uri, duration }) => ({ uri, durationSeconds: duration })),
  };
}

function readVariant({ uri, attributes }: { uri: string; attributes: Record<string, unknown> }): ParsedVariant {
  const size = attributes.RESOLUTION as { width: number; height: number } | undefined;
  const average = Number(attributes['AVERAGE-BANDWIDTH']);
  const rate = Number(attributes['FRAME-RATE']);
  return {
    uri,
    bandwidthBps: Number(attributes.BANDWIDTH ?? 0),
    codecs: typeof attributes.CODECS === 'string' ? attributes.CODECS.split(',').map((each) => each.trim()) : [],
    ...(Number.isFinite(average) ? { averageBandwidthBps: average } : {}),
    ...(size ? { width: size.width, height: size.height } : {}),
    ...(Number.isFinite(rate) ? { framesPerSecond: rate } : {}),
    ...(typeof attributes.AUDIO === 'string' ? { audioGroup: attributes.AUDIO } : {}),
  };
}

function readMediaUris(manifest: Manifest): string[] {
  const groups = Object.values(manifest.mediaGroups ?? {}).flatMap((byId) => Object.values(byId));
  return groups.flatMap((byName) => Object.values(byName)).flatMap(({ uri }) => (uri === undefined ? [] : [uri]));
}

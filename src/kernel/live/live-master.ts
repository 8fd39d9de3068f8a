import type { Film } from '../film/film.ts';
import { type Bandwidth, filmMultivariantPlaylist } from '../hls/film-playlists.ts';
import type { MultivariantPlaylist } from '../hls/playlist.ts';
import type { BroadcastFormat } from './broadcast.ts';
import { livePlaylistUri } from './paths.ts';

/** Boxes of a part, which are many for what they hold, as a share of a rendition's rate. */
const CONTAINER_SHARE = 1.05;

/** The multivariant playlist of a broadcast. `codecsOf` is what init segments say, where there are any yet. */
export function liveMultivariantPlaylist(
  broadcast: number,
  format: BroadcastFormat,
  codecsOf: (rendition: string) => string | undefined,
): MultivariantPlaylist {
  const { video, audio, segmentSeconds } = format;
  const film: Film = {
    segmentSeconds,
    durationSeconds: 0,
    ...(video ? { video: { ...video, ...UNCOUNTED, renditions: video.renditions.map(planned(codecsOf)) } } : {}),
    ...(audio ? { audio: { ...audio, ...UNCOUNTED, renditions: audio.renditions.map(stated(codecsOf)) } } : {}),
  };
  const bandwidths = new Map<string, Bandwidth>([
    ...(video?.renditions ?? []).map(({ name, maxrateBps, averageBps }) => rate(name, maxrateBps, averageBps)),
    ...(audio?.renditions ?? []).map(({ name, bitrateBps }) => rate(name, bitrateBps, bitrateBps)),
  ]);
  return filmMultivariantPlaylist(film, (rendition) => livePlaylistUri(broadcast, rendition), bandwidths);
}

/** How long a broadcast will be is for nobody to say. */
const UNCOUNTED = { framesPerSegment: 0, frameCount: 0 };

function rate(name: string, peakBps: number, averageBps: number): [string, Bandwidth] {
  const inBoxes = (bps: number) => Math.ceil(bps * CONTAINER_SHARE);
  return [name, { peakBps: inBoxes(peakBps), averageBps: inBoxes(averageBps) }];
}

function stated(codecsOf: (rendition: string) => string | undefined) {
  return <T extends { readonly name: string; readonly codecs: string }>(each: T): T => ({
    ...each,
    codecs: codecsOf(each.name) ?? each.codecs,
  });
}

function planned(codecsOf: (rendition: string) => string | undefined) {
  const withCodecs = stated(codecsOf);
  return <T extends { readonly name: string; readonly codecs: string }>(each: T) => ({
    ...withCodecs(each),
    level: 0,
    crf: 0,
  });
}

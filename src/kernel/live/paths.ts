/**
 * The names of everything a broadcast is made of, as paths at the origin and at the edge. A stream is an address that
 * lasts; each time it goes live is a broadcast with a number, and each time a publisher (re)connects within one is a
 * session. Both numbers stand in the paths, so that no name is ever used twice for different bytes.
 */

export type LiveObject =
  | { readonly kind: 'master' | 'channel'; readonly streamId: string }
  | { readonly kind: 'playlist'; readonly streamId: string; readonly broadcast: number; readonly rendition: string }
  | InitObject
  | SegmentObject
  | (Omit<SegmentObject, 'kind'> & { readonly kind: 'part'; readonly part: number });

interface InitObject {
  readonly kind: 'init';
  readonly streamId: string;
  readonly broadcast: number;
  readonly rendition: string;
  readonly session: number;
}

interface SegmentObject extends Omit<InitObject, 'kind'> {
  readonly kind: 'segment';
  /** Media sequence number, which goes on through all sessions of a broadcast. */
  readonly sequence: number;
}

/** Where browsers publish: what their MediaRecorder writes over a WebSocket, and WebRTC by WHIP (RFC 9725). */
export const INGEST_PATH = '/live/ingest';
export const WHIP_PATH = '/live/whip';

/** Everything that viewers of a stream ask for. */
export function liveFolder(streamId: string): string {
  return `/live/${streamId}/`;
}

export function liveMasterPath(streamId: string): string {
  return `/live/${streamId}/master.m3u8`;
}

export function liveChannelPath(streamId: string): string {
  return `/live/${streamId}/channel`;
}

/** From the multivariant playlist. */
export function livePlaylistUri(broadcast: number, rendition: string): string {
  return `b${broadcast}/${rendition}/${PLAYLIST}`;
}

/** From the playlist of another rendition of the broadcast. */
export function siblingPlaylistUri(rendition: string): string {
  return `../${rendition}/${PLAYLIST}`;
}

/** From the rendition's playlist, as are the two below. */
export function liveInitUri(session: number): string {
  return `${session}/init.mp4`;
}

export function liveSegmentUri(session: number, sequence: number): string {
  return `${session}/s${padded(sequence)}.m4s`;
}

export function livePartUri(session: number, sequence: number, part: number): string {
  return `${session}/s${padded(sequence)}.p${part}.m4s`;
}

const PLAYLIST = 'index.m3u8';

function padded(sequence: number): string {
  return String(sequence).padStart(5, '0');
}

const LIVE_PATH =
  /^\/live\/(?<stream>ls_[a-z0-9]{16})\/(?:(?<master>master\.m3u8)|(?<channel>channel)|b(?<broadcast>[1-9]\d{0,6})\/(?<rendition>[a-z0-9][a-z0-9-]{0,31})\/(?:(?<playlist>index\.m3u8)|(?<session>[1-9]\d{0,5})\/(?:(?<init>init\.mp4)|s(?<sequence>\d{5,8})(?:\.p(?<part>0|[1-9]\d{0,3}))?\.m4s)))$/;

/** Reads a path of the shape this file writes; undefined for every other text. */
export function parseLivePath(path: string): LiveObject | undefined {
  const groups = LIVE_PATH.exec(path)?.groups;
  if (!groups) return undefined;
  const { stream: streamId = '', rendition = '' } = groups;
  if (groups.master) return { kind: 'master', streamId };
  if (groups.channel) return { kind: 'channel', streamId };
  const broadcast = Number(groups.broadcast);
  if (groups.playlist) return { kind: 'playlist', streamId, broadcast, rendition };
  const session = Number(groups.session);
  if (groups.init) return { kind: 'init', streamId, broadcast, rendition, session };
  const sequence = Number(groups.sequence);
  // One name for one thing: `s00012`, never `s000012`.
  if (groups.sequence !== padded(sequence)) return undefined;
  if (groups.part === undefined) return { kind: 'segment', streamId, broadcast, rendition, session, sequence };
  return { kind: 'part', streamId, broadcast, rendition, session, sequence, part: Number(groups.part) };
}

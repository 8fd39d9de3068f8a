import { buffer } from 'node:stream/consumers';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../kernel/errors.ts';
import { segmentKey, sessionInitKey } from '../kernel/film/paths.ts';
import { writeMultivariantPlaylist } from '../kernel/hls/write.ts';
import { readAcceptEncoding } from '../kernel/http/coding.ts';
import { evaluateConditions } from '../kernel/http/conditional.ts';
import type { BroadcastFormat } from '../kernel/live/broadcast.ts';
import type { DateRange } from '../kernel/live/date-range.ts';
import { readDirectives } from '../kernel/live/directives.ts';
import { liveMultivariantPlaylist } from '../kernel/live/live-master.ts';
import { type LiveObject, parseLivePath } from '../kernel/live/paths.ts';
import { decideReload, isPublished } from '../kernel/live/reload.ts';
import { storedPart } from '../kernel/live/stored-part.ts';
import type { ObjectStore, OpenObject } from '../storage/object-store.ts';
import type { EndedBroadcasts } from './ended-broadcasts.ts';
import type { OnAir } from './on-air.ts';
import type { LivePackager } from './packager/live-packager.ts';
import { PlaylistText } from './packager/playlist-text.ts';
import { RECORDING_VERSION } from './packager/recorder.ts';
import type { RenditionStage } from './packager/rendition-stage.ts';
import type { WaitEnd } from './packager/waiters.ts';

export interface LiveRoutesDeps {
  readonly onAir: Pick<OnAir, 'find'>;
  readonly ended: Pick<EndedBroadcasts, 'find'>;
  readonly store: Pick<ObjectStore, 'open'>;
}

type MediaObject = Extract<LiveObject, { kind: 'init' | 'segment' | 'part' }>;

/** A broadcast that viewers can be served of: one that lasts, or the last one there was. */
interface Served {
  readonly number: number;
  readonly recordingId: string;
  readonly format: BroadcastFormat;
  readonly stages: { get(rendition: string): RenditionStage | undefined };
  /** Undefined once it is over. */
  readonly packager?: LivePackager;
  /** What was told in one that is over. */
  readonly dateRanges?: readonly DateRange[];
}

/** Adds playlists and media of live streams to the origin's listener, behind the edge's signature. */
export function mountLive(app: FastifyInstance, deps: LiveRoutesDeps): void {
  app.get('/live/*', (request, reply) => sendLive(deps, request, reply));
}

async function sendLive(deps: LiveRoutesDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const [path = '', query = ''] = (request.raw.url ?? '').split('?', 2);
  const object = parseLivePath(path);
  const served = object && object.kind !== 'channel' ? await findServed(deps, object.streamId) : undefined;
  if (!object || !served) throw new Fault('NOT_FOUND');
  if (!('broadcast' in object)) return sendMaster(served, request, reply);
  const stage = object.broadcast === served.number ? served.stages.get(object.rendition) : undefined;
  if (!stage) throw new Fault('NOT_FOUND');
  if (object.kind === 'playlist') return sendPlaylist(served, stage, query, request, reply);
  return sendMedia(deps, served, stage, object, reply);
}

async function findServed({ onAir, ended }: LiveRoutesDeps, streamId: string): Promise<Served | undefined> {
  const packager = onAir.find(streamId);
  if (packager) {
    const { broadcast: number, recordingId, format } = packager.place;
    return { number, recordingId, format, stages: { get: (name) => packager.stage(name) }, packager };
  }
  const over = await ended.find(streamId);
  if (!over) return undefined;
  const { number, recordingId, format } = over.broadcast;
  return { number, recordingId, format, stages: over.stages, dateRanges: over.dateRanges };
}

/** A master playlist stays the same while a broadcast lasts, and is another one with the next. */
const MASTER_SECONDS = 2;

function sendMaster(served: Served, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { number, format, stages } = served;
  const playlist = liveMultivariantPlaylist(number, format, (name) => stages.get(name)?.codecs);
  reply.header('cache-control', `public, max-age=${MASTER_SECONDS}`);
  return sendText(new PlaylistText(writeMultivariantPlaylist(playlist)), request, reply);
}

async function sendPlaylist(
  { packager, format, dateRanges = [] }: Served,
  stage: RenditionStage,
  query: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const directives = readDirectives(query);
  const decision = decideReload(directives, stage.progress);
  if (decision.answer === 'refuse') throw new Fault('LIVE_DIRECTIVES_INVALID', { says: REFUSALS[decision.why] });
  if (decision.answer === 'hold') {
    const { until } = decision;
    const isThere = () => isPublished(until, stage.progress);
    if (await hold(packager, isThere, reply)) return reply;
  }
  const isBlocking = directives?.msn !== undefined;
  const { isEnded } = stage.timeline;
  reply.header('cache-control', playlistAge(format.targetDurationSeconds, isBlocking || isEnded));
  const isDelta = decision.isDelta && !isEnded;
  const text = packager?.text(stage, isDelta) ?? stage.text(false, () => ({ reports: [], dateRanges }), 0);
  await packager?.spooled();
  return sendText(text, request, reply);
}

const REFUSALS = {
  malformed: 'The _HLS_ parameters of this request contradict each other, or are none.',
  'too-far-ahead': 'This is further ahead than what can be waited for.',
} as const;

/** What was asked for by number never needs to change; without one, the text is a moment's (RFC 8216bis appendix B). */
function playlistAge(targetDurationSeconds: number, isSettled: boolean): string {
  const seconds = isSettled ? 6 * targetDurationSeconds : Math.max(1, Math.floor(targetDurationSeconds / 2));
  return `public, max-age=${seconds}`;
}

/** Waits for news of a broadcast. True when the asker has left. */
async function hold(packager: LivePackager | undefined, isThere: () => boolean, reply: FastifyReply): Promise<boolean> {
  const departure = new AbortController();
  const leave = () => departure.abort();
  reply.raw.once('close', leave);
  const end: WaitEnd = packager ? await packager.waiters.wait(isThere, departure.signal) : 'late';
  reply.raw.off('close', leave);
  if (end === 'late') throw new Fault('LIVE_LATE', { retryAfterSeconds: 1 });
  if (end === 'full') throw new Fault('UNAVAILABLE', { retryAfterSeconds: 1 });
  return end === 'gone';
}

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

function sendText(text: PlaylistText, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const zipped = readAcceptEncoding(headers['accept-encoding']).told.includes('gzip');
  const etag = zipped ? text.etag.replace(/"$/, '-gzip"') : text.etag;
  reply.header('content-type', PLAYLIST_TYPE).header('etag', etag).header('vary', 'accept-encoding');
  const asked = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
  const condition = evaluateConditions(asked, { etag }, 0);
  if (condition === 'not-modified') return reply.code(304).send();
  if (condition === 'failed') return reply.code(412).send();
  if (zipped) reply.header('content-encoding', 'gzip');
  return reply.send(zipped ? text.gzip : text.plain);
}

/** Names of media are never used twice. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

async function sendMedia(
  deps: LiveRoutesDeps,
  served: Served,
  stage: RenditionStage,
  object: MediaObject,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (object.kind === 'part' && (await awaitPart(served, stage, object, reply))) return reply;
  // One name for one thing: a sequence number is of one session alone.
  if (object.kind !== 'init' && stage.sessionOf(object.sequence) !== object.session) throw new Fault('NOT_FOUND');
  const known = await mediaBytes(served, stage, object);
  const opened = known ? undefined : await openStored(deps, served, object);
  const bytes = known ?? (opened && object.kind === 'part' ? await partWithin(opened, stage, object) : undefined);
  const stored = bytes || object.kind === 'part' ? undefined : opened;
  if (!bytes && !stored) throw new Fault('NOT_FOUND');
  const length = bytes?.length ?? stored?.sizeBytes;
  reply.header('content-type', 'video/mp4').header('cache-control', IMMUTABLE).header('content-length', length);
  return reply.send(bytes ? asBuffer(bytes) : stored?.body);
}

/** Holds a request for the part that comes next until it does, or until it is known that it never will. */
async function awaitPart(
  { packager }: Served,
  stage: RenditionStage,
  { session, sequence, part }: Extract<LiveObject, { kind: 'part' }>,
  reply: FastifyReply,
): Promise<boolean> {
  const { timeline } = stage;
  if (timeline.session?.number !== session) return false;
  const isNext = () => timeline.mayComeNext({ sequence, part });
  if (!isNext()) return false;
  return hold(packager, () => !isNext(), reply);
}

async function mediaBytes(
  { packager }: Served,
  stage: RenditionStage,
  object: MediaObject,
): Promise<Uint8Array | undefined> {
  const { inits, shelf } = stage;
  if (object.kind === 'init') return inits.get(object.session);
  if (object.kind === 'part') return shelf.part(object.sequence, object.part);
  return shelf.segment(object.sequence) ?? packager?.pending(object);
}

/** A part of what another process has packaged, whose playlist a viewer may still have. */
async function partWithin(
  { body }: OpenObject,
  { timeline }: RenditionStage,
  { sequence, part }: Extract<LiveObject, { kind: 'part' }>,
): Promise<Uint8Array | undefined> {
  const segment = timeline.following(sequence);
  if (segment) return storedPart(await buffer(body), segment, part);
  body.destroy();
  return undefined;
}

async function openStored({ store }: LiveRoutesDeps, { recordingId }: Served, object: MediaObject) {
  const { rendition, session } = object;
  const key =
    object.kind === 'init'
      ? sessionInitKey(recordingId, RECORDING_VERSION, rendition, session)
      : segmentKey(recordingId, RECORDING_VERSION, rendition, object.sequence);
  return store.open(key);
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

import type { Broadcast, LiveMoment, LiveStream } from '../../database/live-stream-rows.ts';
import { liveChannelPath, liveMasterPath } from '../../kernel/live/paths.ts';
import type { BroadcastBody, IngestBody, LiveStreamBody } from './schemas.ts';

/** Where viewers and publishers go. */
export interface LiveUrls {
  readonly edge: string;
  readonly ingest: IngestBody;
}

/** A stream as the API shows it, without its key; `broadcast` is its last one. */
export function viewLiveStream(stream: LiveStream, broadcast: Broadcast | undefined, urls: LiveUrls): LiveStreamBody {
  const { options } = stream;
  return {
    streamId: stream.id,
    title: stream.title,
    policy: stream.policy,
    status: stream.state,
    isDisabled: stream.isDisabled,
    ingest: urls.ingest,
    playbackUrl: `${urls.edge}${liveMasterPath(stream.id)}`,
    channelUrl: `${urls.edge.replace(/^http/, 'ws')}${liveChannelPath(stream.id)}`,
    dvrSeconds: options.dvrSeconds ?? null,
    reconnectSeconds: options.reconnectSeconds,
    isRecorded: options.isRecorded,
    ladder: options.ladder,
    passthrough: options.passthrough,
    chat: options.chat,
    ...(broadcast ? { broadcast: viewBroadcast(broadcast) } : {}),
    ...(stream.health ? { health: { ...stream.health, problems: [...stream.health.problems] } } : {}),
    createdAt: timeOf(stream.createdAtMs),
    updatedAt: timeOf(stream.updatedAtMs),
  };
}

export function viewBroadcast(broadcast: Broadcast): BroadcastBody {
  const { number, startedAtMs, endedAtMs, endReason, isRecorded, recordingId } = broadcast;
  return {
    number,
    startedAt: timeOf(startedAtMs),
    ...(endedAtMs === undefined ? {} : { endedAt: timeOf(endedAtMs) }),
    ...(endReason === undefined ? {} : { endReason }),
    ...(isRecorded ? { recordingId } : {}),
  };
}

/** What endpoints are told. Where to publish is none of it. */
export function viewLiveMoment({ stream, broadcast, problems }: LiveMoment, urls: LiveUrls): unknown {
  const { ingest: _, ...liveStream } = viewLiveStream(stream, broadcast, urls);
  return { liveStream, ...(problems ? { problems } : {}) };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

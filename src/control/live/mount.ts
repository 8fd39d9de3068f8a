import { BroadcastRepository } from '../../database/broadcasts.ts';
import type { LiveMoment } from '../../database/live-stream-rows.ts';
import type { LiveStreamRepository } from '../../database/live-streams.ts';
import type { Database } from '../../database/open.ts';
import { CommandSender } from '../../outbound/command-sender.ts';
import { ASSETS, type Signals } from '../../queue/signals.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { liveMomentRoutes } from '../routes/live-moments.ts';
import { liveStreamRoutes } from '../routes/live-streams.ts';
import { LiveStreams } from './live-streams.ts';
import type { IngestBody } from './schemas.ts';
import { type LiveUrls, viewLiveMoment, viewLiveStream } from './view.ts';

export interface LiveDeps {
  readonly database: Database;
  readonly signals: Pick<Signals, 'notify'>;
  readonly streams: LiveStreamRepository;
  /** Where publishers reach the doors that are open. */
  readonly ingestUrls: () => IngestBody;
  /** Of this process; undefined where none runs. */
  readonly ownOrigin: () => string | undefined;
  readonly ladderFolder: string;
  readonly settings: { readonly ladder: string };
}

/** The API of live streams. Returns how endpoints are told of them. */
export function mountLive(app: ControlApp, deps: LiveDeps, parts: RouteParts): (moment: LiveMoment) => unknown {
  const { clock, log, secrets } = parts;
  const { streams } = deps;
  const broadcasts = new BroadcastRepository(deps.database, clock, () => deps.signals.notify(ASSETS));
  const commands = new CommandSender({ edgeSecret: secrets.edgeSecret, ownOrigin: deps.ownOrigin, clock });
  const live = new LiveStreams({
    streams,
    broadcasts,
    commands,
    ladderFolder: deps.ladderFolder,
    defaultLadder: deps.settings.ladder,
    clock,
    log,
  });
  const urls = (): LiveUrls => ({ edge: parts.urls().edge, ingest: deps.ingestUrls() });
  liveStreamRoutes(app, {
    ...parts,
    live,
    streams,
    broadcasts,
    view: (stream, broadcast) => viewLiveStream(stream, broadcast, urls()),
  });
  liveMomentRoutes(app, { ...parts, live, commands });
  return (moment) => viewLiveMoment(moment, urls());
}

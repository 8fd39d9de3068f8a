import type { KeyObject } from 'node:crypto';
import type { Secrets } from '../config/secrets.ts';
import { noteEdgeChange } from '../database/edge-feed.ts';
import { EdgeReportRepository } from '../database/edge-reports.ts';
import { EdgeRepository } from '../database/edges.ts';
import { InvalidationRepository } from '../database/invalidations.ts';
import { JwksRepository } from '../database/jwks.ts';
import type { Database } from '../database/open.ts';
import { RevocationRepository } from '../database/revocations.ts';
import { RevokedEdges } from '../database/revoked-edges.ts';
import type { SigningKeyRepository } from '../database/signing-keys.ts';
import { derivedKeyOf, derivedSecretOf } from '../kernel/access/derive.ts';
import { parsePublicKey } from '../kernel/access/key-pair.ts';
import type { KeyLookup } from '../kernel/access/proof.ts';
import type { Clock } from '../kernel/clock.ts';
import type { KeysSection } from '../kernel/edge-feed/keys-section.ts';
import type { Log } from '../kernel/log.ts';
import { Board } from './edge-feed/board.ts';
import { edgesOnly } from './edge-feed/edges-only.ts';
import { edgesSection } from './edge-feed/edges-section.ts';
import { invalidationsSection } from './edge-feed/invalidations-section.ts';
import { keysSection } from './edge-feed/keys-section.ts';
import { revocationsSection } from './edge-feed/revocations-section.ts';
import { type SiteParts, siteSection } from './edge-feed/site-section.ts';
import { InvalidationCompletion } from './edges/completion.ts';
import { EdgeDirectory } from './edges/directory.ts';
import { JwksPoller } from './jwks/poller.ts';
import type { ControlApp, RouteParts } from './parts.ts';
import { edgeEnrolmentRoutes } from './routes/edge-enrolments.ts';
import { edgeFeedRoute } from './routes/edge-feed.ts';
import { edgesRoutes } from './routes/edges.ts';
import { revocationRoutes } from './routes/revocations.ts';

export interface FleetDeps {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly keys: SigningKeyRepository;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: { readonly jwksAllowPrivate: boolean };
  /** Where an edge that asks from an address finds the origin; undefined when nobody knows. */
  readonly originFor: (ip: string) => string | undefined;
  /** How often edges hear something when nothing changes. */
  readonly feedBeatMs?: number;
}

/** What is known of the edges, and what they are told that is nobody else's. */
export interface Fleet {
  readonly edges: EdgeRepository;
  readonly directory: EdgeDirectory;
  readonly invalidations: InvalidationRepository;
  readonly revocations: RevocationRepository;
  readonly completion: InvalidationCompletion;
}

export function fleetOf({ database, clock, log }: FleetDeps): Fleet {
  const edges = new EdgeRepository(database, clock);
  const reports = new EdgeReportRepository(database);
  const invalidations = new InvalidationRepository(database, clock);
  const noteChange = () => noteEdgeChange(database);
  const onNews = () => completion.check();
  const directory = new EdgeDirectory({ edges, reports, noteChange, onNews, clock, log });
  const completion = new InvalidationCompletion({ invalidations, directory, clock, log });
  return { edges, directory, invalidations, revocations: new RevocationRepository(database, clock), completion };
}

/** Key groups that name where an identity provider publishes its keys, by id. */
type KeyGroups = () => Promise<ReadonlyMap<string, string>>;

type Parts = FleetDeps & RouteParts & { readonly configurations: SiteParts; readonly keyGroups: KeyGroups };

/** How edges join, what they follow, and what they report. */
export function fleetRoutes(app: ControlApp, parts: Parts, fleet: Fleet): void {
  const { keys, secrets, signals, log, feedBeatMs: beatMs } = parts;
  const { edges, directory, invalidations, revocations, completion } = fleet;
  const jwks = new JwksRepository(parts.database, parts.clock);
  const sections = [
    keysSection({ ...parts, edges, groupKeys: () => groupKeysOf(parts.keyGroups, jwks) }),
    siteSection(parts.configurations),
    edgesSection(() => directory.fleet()),
    revocationsSection(revocations),
    invalidationsSection(invalidations),
  ];
  const board = new Board({ sections, mark: () => edges.mark(), signals, log });
  const only = edgesOnly({ ...parts, revokedEdges: new RevokedEdges(edges) });
  edgeFeedRoute(app, { ...parts, edgesOnly: only, board, edges, directory, beatMs });
  edgeEnrolmentRoutes(app, { ...parts, edges });
  edgesRoutes(app, { ...parts, edges, directory, edgesOnly: only });
  const derivedKey = derivedKeyOf(derivedSecretOf(secrets.edgeSecret));
  revocationRoutes(app, { ...parts, revocations, derivedKey, activeKeys: () => activeKeys(keys, jwks) });
  const poller = new JwksPoller({
    ...parts,
    jwks,
    urls: async () => [...new Set((await parts.keyGroups()).values())],
    mark: () => edges.mark(),
    allowPrivate: parts.settings.jwksAllowPrivate,
  });
  directory.start(() => board.rereads());
  poller.start();
  app.addHook('onClose', async () => {
    await poller.stop();
    await directory.stop();
    await completion.idle();
  });
}

async function groupKeysOf(keyGroups: KeyGroups, jwks: JwksRepository): Promise<KeysSection['groupKeys']> {
  const [groups, sets] = await Promise.all([keyGroups(), jwks.sets()]);
  return Object.fromEntries([...groups].map(([id, url]) => [id, sets.get(url) ?? []]));
}

/** The registered keys, then those of each identity provider: two of these may call different keys alike. */
async function activeKeys(keys: SigningKeyRepository, jwks: JwksRepository): Promise<KeyLookup[]> {
  const sets = [...(await jwks.sets()).values()];
  const active = (await keys.list()).filter(({ revokedAtMs }) => revokedAtMs === undefined);
  const registered = new Map(active.map(({ keyPairId, publicKeyPem }) => [keyPairId, publicKeyPem]));
  return [
    { find: (keyPairId) => parsed(registered.get(keyPairId)) },
    ...sets.map((set) => ({
      find: () => undefined,
      findTokenKey: (kid: string) => parsed(set.find((each) => each.kid === kid)?.publicKeyPem),
    })),
  ];
}

function parsed(pem: string | undefined): KeyObject | undefined {
  return pem === undefined ? undefined : parsePublicKey(pem);
}

import type { KeyObject } from 'node:crypto';
import type { LRUCache } from 'lru-cache';
import type { DerivedKey } from '../kernel/access/derive.ts';
import type { KeyLookup, RevokedGrants } from '../kernel/access/proof.ts';
import type { SteadyClock } from '../kernel/clock.ts';
import type { FilmObject } from '../kernel/film/paths.ts';
import type { Log } from '../kernel/log.ts';
import type { Place } from '../kernel/place.ts';
import type { AssetAccess } from './asset-access.ts';
import type { Compressions } from './cache/compressions.ts';
import type { DiskTier } from './cache/disk/disk-tier.ts';
import type { FillTable } from './cache/fill-table.ts';
import type { MemoryTier } from './cache/memory-tier.ts';
import type { Channels } from './channel/channels.ts';
import type { CredentialReader } from './credential-reader.ts';
import type { Fact } from './exchange.ts';
import type { BanList } from './invalidation/ban-list.ts';
import type { Live } from './live/make-live.ts';
import type { OperatorToken } from './operator/token.ts';
import type { OriginSettings, Origins } from './origins/origins.ts';
import type { Naming } from './phases/own-key.ts';
import type { Prefetch } from './prefetch/prefetch.ts';
import type { ProofCache } from './proof-cache.ts';
import type { AddressForAll, Arrival } from './scheme.ts';
import type { EdgeSigner } from './signer.ts';
import type { Behavior } from './sites/behavior.ts';
import type { Steering } from './steering/steering.ts';

/** The slice of the settings that the edge is given. */
export interface EdgeSettings extends OriginSettings {
  readonly cacheBytes: number;
  /** 0: no disk tier. */
  readonly edgeDiskBytes: number;
  readonly fillFollowMs: number;
  readonly viewerIdleMs: number;
  readonly edgeCompression: boolean;
  /** Folder with certificates; empty for none, and no TLS. */
  readonly edgeTlsCerts: string;
  readonly edgeTlsPort: number;
  readonly edgeStopMs: number;
  readonly edgeTunnelIdleMs: number;
  /** Ranges of the proxies whose word about a viewer counts, with commas. */
  readonly edgeTrustedProxies: string;
  readonly edgeForwardedHeader: string;
  readonly edgeProxyProtocol: boolean;
  readonly edgeConnectionsPerAddress: number;
  readonly edgeHeaderBytes: number;
  readonly edgeHeaderCount: number;
  readonly edgeUrlBytes: number;
  readonly edgeHeaderMs: number;
  readonly edgeBodyBytes: number;
  readonly edgeBodyMs: number;
  /** How long the origin may hold an answer about what is to come. */
  readonly edgeLiveHoldMs: number;
  readonly edgeLiveWaiters: number;
  readonly edgeLiveWaitersPerStream: number;
  readonly edgeLiveWaitersPerAddress: number;
  readonly edgeLiveHeldPerAddress: number;
  readonly edgeChannelViewers: number;
  readonly edgeChannelViewersPerAddress: number;
  readonly prefetchSegments: number;
  readonly honourRequestDirectives: boolean;
  /** Whether an answer with a cookie is kept when the origin stated a lifetime beside it. */
  readonly cacheSetCookie: boolean;
  /** Lifetime of an absence or a lasting failure that came without one. */
  readonly negativeSeconds: number;
  /** How long a dead origin is served around when it did not say. */
  readonly staleIfErrorSeconds: number;
  /** Address under which viewers reach the edge; empty for its own. */
  readonly edgeUrl: string;
  /** Empty for none. */
  readonly edgeOperatorToken: string;
}

/** `film`: Frontrow's own paths and grants. `proxy`: any HTTP origin, its own rules. */
export type EdgeMode = 'film' | 'proxy';

/** What the phases work with; made once when the edge starts. */
export interface EdgeParts {
  readonly mode: EdgeMode;
  /** Names this edge in `Via` and `CDN-Loop`. */
  readonly edgeId: string;
  readonly clock: SteadyClock;
  readonly log: Log;
  readonly settings: EdgeSettings;
  /** Whether an address is that of a proxy whose word counts. */
  readonly trusts: (ip: string) => boolean;
  /** The scheme that a viewer used. */
  readonly schemeOf: (arrival: Arrival) => string;
  readonly addressForAll: AddressForAll;
  /** Where an address is, as far as anybody knows. */
  readonly placeOf: (ip: string) => Place | undefined;
  readonly tier: MemoryTier;
  /** What has been invalidated. */
  readonly bans: BanList;
  /** Undefined when it is switched off. */
  readonly disk: DiskTier | undefined;
  readonly fills: FillTable;
  /** Undefined when it is switched off. */
  readonly compressions: Compressions | undefined;
  readonly origin: Origins;
  readonly naming: Naming;
  /** Undefined when it is switched off. */
  readonly prefetch: Prefetch | undefined;
  readonly credentials: CredentialReader;
  /** Undefined where everybody is let in. */
  readonly gate: Gate | undefined;
  /** Undefined in front of other origins than our own. */
  readonly films: Films | undefined;
  readonly live: Live;
  /** Undefined in front of other origins than our own. */
  readonly channels: Channels | undefined;
  /** What an operator's distribution says of this; undefined where the origin's own rules hold. */
  readonly behavior: Behavior | undefined;
  /** Undefined for an edge that is not one of a fleet's. */
  readonly steering: Steering | undefined;
  /** Undefined where nobody but this machine's user is an operator. */
  readonly operatorToken: OperatorToken | undefined;
  readonly onFact: (fact: Fact) => void;
}

/** What deciding about access takes. */
export interface Gate {
  readonly keys: KeyLookup;
  /** Keys of identity providers, by the key group that names them. */
  readonly groupKeys: { findGroupKey(groupId: string, kid: string): KeyObject | undefined };
  /** Undefined before control was ever heard. */
  readonly derivedKey: DerivedKey | undefined;
  readonly proofs: ProofCache;
  readonly revoked: RevokedGrants;
}

/** What is known of our own origin and its viewers. */
export interface Films {
  /** Paths whose reading is remembered: the same few are asked for again and again. */
  readonly paths: LRUCache<string, FilmObject>;
  readonly signer: EdgeSigner;
  readonly assets: AssetAccess;
  /** Whether pages of this web origin may send cookies. */
  mayBringCredentials(webOrigin: string): boolean;
  /** Whether there is any such origin. */
  readonly takesCredentials: boolean;
}

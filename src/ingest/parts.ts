import type { FastifyRequest } from 'fastify';
import type { Asset, AssetRepository } from '../database/assets.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Queue } from '../queue/queue.ts';
import type { Signals } from '../queue/signals.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** What ingest works with. */
export interface IngestParts {
  readonly assets: AssetRepository;
  readonly queue: Queue;
  readonly store: Pick<ObjectStore, 'adopt' | 'head' | 'deletePrefix' | 'sendAhead'>;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: {
    count(name: 'sources' | 'source_bytes', labels: { readonly outcome?: string }, by?: number): void;
  };
  /** This data folder's name among all that share the database. */
  readonly node: string;
  /** Where bytes rest until they are whole. On the store's own file system taking them over is but a rename. */
  readonly folder: string;
  /** Whether a worker of this node can read what lies there: then a film begins before its upload ends. */
  readonly encodesEarly: boolean;
  readonly settings: {
    readonly uploadMaxBytes: number;
    readonly uploadExpireHours: number;
    readonly pullAllowPrivate: boolean;
    readonly pullIdleMs: number;
    readonly leaseMs: number;
  };
}

/** What the doors need of the listener they are mounted on. */
export interface IngestDoor {
  /** A hook that lets only bearers of a scope pass. */
  readonly authorize: (scope: 'uploads:write') => (request: FastifyRequest) => Promise<void>;
  /** An asset as the API shows it. */
  readonly view: (asset: Asset) => unknown;
  /** What the document says of answers: that view, and problem documents by their status. */
  readonly schemas: { readonly asset: object; readonly problems: Readonly<Record<string, object>> };
}

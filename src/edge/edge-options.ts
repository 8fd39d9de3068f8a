import type { EdgeCredential } from '../kernel/access/edge-identity.ts';
import type { SteadyClock } from '../kernel/clock.ts';
import type { EdgeReport } from '../kernel/edge-feed/report.ts';
import type { Log } from '../kernel/log.ts';
import type { Place } from '../kernel/place.ts';
import type { Fact } from './exchange.ts';
import type { EdgeMode, EdgeSettings } from './parts.ts';

export interface EdgeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly mode: EdgeMode;
  /** The origin, and those that stand in for it, in this order. */
  readonly originUrls: readonly string[];
  /** Edges that are asked before the origin. */
  readonly parentUrls?: readonly string[];
  /** Where the configuration comes from, in film mode. */
  readonly controlUrl?: string;
  /** Needed in film mode: who it is, for control, origin and other edges. */
  readonly credential?: EdgeCredential;
  /** What it is known by to control. */
  readonly about?: Pick<EdgeReport, 'name' | 'version' | 'location'>;
  /** Folder for the last good configuration. */
  readonly dataDir: string;
  /** Other processes listen on the same ports. */
  readonly sharesPorts?: boolean;
  /** Without it every connection is node's own server's, for tests that compare the two. */
  readonly fastLane?: boolean;
  /** For TLS sessions that several processes take up; each makes its own without. */
  readonly ticketSecret?: Buffer;
  /** The folder in which other processes of this edge have theirs. */
  readonly commonDir?: string;
  /** Which of several edge processes on this data folder it is, from 0. */
  readonly worker?: number;
  readonly settings: EdgeSettings;
  readonly clock: SteadyClock;
  readonly log: Log;
  /** Where viewers are; nobody's place is known without. */
  readonly places?: Places;
  /** Called once an exchange, after its last byte. */
  readonly onFact?: (fact: Fact) => void;
}

/** Finds out where addresses are. */
export interface Places {
  /** Before it resolves, nothing is found. */
  load(knowledge: 'places' | 'networks'): Promise<void>;
  find(ip: string): Place | undefined;
}

export interface EdgeAddress {
  readonly url: string;
  readonly port: number;
  /** Where TLS is spoken; undefined without certificates. */
  readonly tlsUrl: string | undefined;
}

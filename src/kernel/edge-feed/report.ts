import { type EdgeLocation, isLocation } from '../steering/fleet.ts';
import { isRecord } from './message.ts';

/** What one process of an edge says of itself every few seconds, and when it has taken a configuration. */
export interface EdgeReport {
  /** `edge`, or which of several processes. */
  readonly process: string;
  /** The machine's, by which an edge goes that nobody has named. */
  readonly name: string;
  readonly version: string;
  /** Where viewers reach it, as far as it knows. */
  readonly url: string;
  /** Where it stands, as its own settings have it. */
  readonly location?: EdgeLocation;
  readonly configuration: ReportedConfiguration;
  readonly load: EdgeLoad;
  readonly origins: readonly { readonly name: string; readonly up: boolean }[];
  /** By how much its clock is ahead of control's. */
  readonly clockAheadMs: number;
}

export interface ReportedConfiguration {
  /** Everything up to this number of control's is in force. */
  readonly revision: number;
  /** What it could not use, and goes on without. */
  readonly refused?: { readonly revision: number; readonly section: string };
  /** How far it is with each log. */
  readonly logs: Readonly<Record<string, number>>;
}

export interface EdgeLoad {
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly connections: number;
  readonly cachedBytes: number;
  /** Of the requests that the cache had a part in; 0 where there were none. */
  readonly hitRatio: number;
  /** Of the time, how much the process was at work: 1 is all that it can do. */
  readonly busy: number;
}

const TEXTS = ['process', 'name', 'version', 'url'] as const;
const LOADS = ['requestsPerSecond', 'bytesPerSecond', 'connections', 'cachedBytes', 'hitRatio', 'busy'] as const;
const MAX_TEXT = 200;
const MAX_ORIGINS = 200;

const MAX_LOGS = 20;

/** What a report says, without what is not known here; undefined for what is none. */
export function readEdgeReport(value: unknown): EdgeReport | undefined {
  if (!isEdgeReport(value)) return undefined;
  const { process, name, version, url, location, configuration, load, origins, clockAheadMs } = value;
  const { revision, refused, logs } = configuration;
  const { requestsPerSecond, bytesPerSecond, connections, cachedBytes, hitRatio, busy } = load;
  return {
    process,
    name,
    version,
    url,
    ...(location ? { location: readLocation(location) } : {}),
    configuration: {
      revision,
      ...(refused ? { refused: { revision: refused.revision, section: refused.section } } : {}),
      logs: { ...logs },
    },
    load: { requestsPerSecond, bytesPerSecond, connections, cachedBytes, hitRatio, busy },
    origins: origins.map(({ name: origin, up }) => ({ name: origin, up })),
    clockAheadMs,
  };
}

function readLocation({ latitude, longitude, country }: EdgeLocation): EdgeLocation {
  return {
    ...(latitude === undefined || longitude === undefined ? {} : { latitude, longitude }),
    ...(country === undefined ? {} : { country }),
  };
}

function isEdgeReport(value: unknown): value is EdgeReport {
  if (!isRecord(value)) return false;
  const { configuration, load, origins, clockAheadMs, location } = value;
  if (location !== undefined && !isLocation(location)) return false;
  if (!TEXTS.every((name) => isText(value[name])) || !/^[\w-]+$/.test(String(value.process))) return false;
  if (!isRecord(load) || !LOADS.every((name) => isAmount(load[name]))) return false;
  if (!Array.isArray(origins) || origins.length > MAX_ORIGINS || !origins.every(isOrigin)) return false;
  return isConfiguration(configuration) && typeof clockAheadMs === 'number' && isAmount(Math.abs(clockAheadMs));
}

function isConfiguration(value: unknown): boolean {
  if (!isRecord(value) || !isAmount(value.revision) || !isRecord(value.logs)) return false;
  const { refused, logs } = value;
  const positions = Object.entries(logs);
  if (positions.length > MAX_LOGS || !positions.every(([name, at]) => isText(name) && isAmount(at))) return false;
  return refused === undefined || (isRecord(refused) && isAmount(refused.revision) && isText(refused.section));
}

function isOrigin(value: unknown): boolean {
  return isRecord(value) && isText(value.name) && typeof value.up === 'boolean';
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

/** Of many such the sum is a number still, and no infinity, which JSON does not know. */
function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

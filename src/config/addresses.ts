/**
 * Where others reach what runs here. A listener knows the address it opened; the settings name another where a proxy, a
 * container or a second network stands in between.
 */
import { INGEST_PATH, WHIP_PATH } from '../kernel/live/paths.ts';
import type { Settings } from './settings.ts';

/** Where the roles are reached from this machine; filled in as the listeners open. A role that is not here has what the settings say, or ''. */
export interface OpenUrls {
  control: string;
  edge: string;
  origin: string;
  /** Where encoders publish live streams; absent where no door is open here. */
  rtmp?: string;
  rtmps?: string;
  srt?: string;
  /** Where browsers publish, on a node with live streams and without control. */
  live?: string;
}

type IngestUrls = Partial<Record<'rtmp' | 'rtmps' | 'srt' | 'websocket' | 'whip', string>>;

/** Where browsers reach the roles, which may be another name behind a proxy. */
export function publicUrls(settings: Settings, urls: OpenUrls): Pick<OpenUrls, 'control' | 'edge'> {
  return { control: settings.publicUrl || urls.control, edge: settings.edgeUrl || urls.edge };
}

/** Where publishers reach the doors; of those that are not open here, nothing unless the settings name them. */
export function ingestUrls(settings: Settings, urls: OpenUrls): IngestUrls {
  const rtmp = settings.rtmpUrl || urls.rtmp;
  const rtmps = settings.rtmpsUrl || urls.rtmps;
  const srt = settings.srtUrl || urls.srt;
  // Browsers come to control's listener where both roles run in one process, else to one of the doors' own.
  const doors = settings.liveUrl || (urls.rtmp ? publicUrls(settings, urls).control : '');
  const browsers = doors
    ? { websocket: `${doors.replace(/^http/, 'ws')}${INGEST_PATH}`, whip: `${doors}${WHIP_PATH}` }
    : {};
  return { ...(rtmp ? { rtmp } : {}), ...(rtmps ? { rtmps } : {}), ...(srt ? { srt } : {}), ...browsers };
}

/** Where an edge at `ip` reaches the origin of this process: on an address of this machine alone, unless the settings name one. */
export function originFor(settings: Settings, urls: OpenUrls, ip: string): string | undefined {
  if (settings.originUrl) return settings.originUrl;
  const isHere = ip === '127.0.0.1' || ip === '::1' || ip === '::ffff:127.0.0.1';
  return isHere && urls.origin ? urls.origin : undefined;
}

/** Where the origins of other nodes reach this one's. */
export function liveNodeUrl(settings: Settings, urls: OpenUrls): string {
  return settings.liveNodeUrl || urls.origin;
}

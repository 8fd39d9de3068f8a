import { join } from 'node:path';
import { loadSettings, type Settings } from '../../src/config/settings.ts';
import { Edge } from '../../src/edge/edge.ts';
import { edgeCredentialOf } from '../../src/kernel/access/edge-identity.ts';
import { type SteadyClock, systemClock } from '../../src/kernel/clock.ts';
import { newId } from '../../src/kernel/ids.ts';
import { type Log, silentLog } from '../../src/kernel/log.ts';
import type { ControlServer } from './control-server.ts';
import { freshFolder, removeFolder } from './folder.ts';
import { ScriptedOrigin } from './origin.ts';

export interface FleetEdgeOptions {
  readonly clock?: SteadyClock;
  readonly log?: Log;
  readonly settings?: Partial<Settings>;
  /** Instead of the scripted one. */
  readonly originUrl?: string;
  /** Of an edge that was there before. */
  readonly place?: FleetMember;
}

/** A real edge on a port of its own. */
export interface FleetMember {
  readonly edge: Edge;
  readonly edgeId: string;
  readonly url: string;
  readonly folder: string;
}

/** Real edges in one process that follow a real control, in front of one scripted origin. */
export class EdgeFleet {
  readonly origin = new ScriptedOrigin();
  readonly members: FleetMember[] = [];
  #folder = '';

  async start(): Promise<this> {
    await this.origin.start();
    this.#folder = await freshFolder();
    return this;
  }

  async add(control: Pick<ControlServer, 'url' | 'secrets'>, options: FleetEdgeOptions = {}): Promise<FleetMember> {
    const { clock = systemClock, log = silentLog, settings, place, originUrl = this.origin.url } = options;
    const edgeId = place?.edgeId ?? newId('ed');
    const folder = place?.folder ?? join(this.#folder, edgeId);
    const edge = new Edge({
      host: '127.0.0.1',
      port: 0,
      mode: 'film',
      originUrls: [originUrl],
      controlUrl: control.url,
      credential: edgeCredentialOf(control.secrets.edgeSecret, edgeId),
      about: { name: `machine of ${edgeId}`, version: '1.2.3' },
      dataDir: folder,
      settings: loadSettings({}, { edgeDiskBytes: 0, ...settings }),
      clock,
      log,
    });
    const { url } = await edge.start();
    const member = { edge, edgeId, url, folder };
    this.members.push(member);
    return member;
  }

  async remove(member: FleetMember): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1);
    await member.edge.stop();
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.splice(0).map(({ edge }) => edge.stop()));
    await this.origin.stop();
    await removeFolder(this.#folder);
  }
}

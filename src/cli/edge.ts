import { resolve } from 'node:path';
import { readEdgeCredential } from '../config/edge-credential.ts';
import type { Settings } from '../config/settings.ts';
import type { EdgeAddress } from '../main.ts';
import type { Command } from './command.ts';
import { enrolOnce, enrolToken } from './edge-enrol.ts';
import { inspect } from './edge-inspect.ts';
import { invalidate } from './edge-invalidate.ts';
import { listEdges } from './edge-list.ts';
import { usage } from './failure.ts';
import { runUntilSignal } from './running.ts';
import { JSON_OPTION } from './server.ts';
import {
  HOST_OPTION,
  listSetting,
  portSetting,
  settingsOf,
  textSetting,
  WORKERS_OPTION,
  workersSetting,
} from './settings.ts';
import { type EdgeTarget, EdgeWorkers } from './workers.ts';

export const edge: Command = {
  name: 'edge',
  says: 'run an edge alone, in front of any HTTP origin or of a Frontrow origin',
  options: [
    {
      flags: '--origin <url>',
      says: 'the origin to fetch from; given again, the next to ask when the one before fails',
      repeats: true,
    },
    {
      flags: '--parent <url>',
      says: 'an edge to ask before the origin, for a fleet that fetches each object once; may be given again',
      repeats: true,
    },
    {
      flags: '--control <url>',
      says: 'the control whose keys decide who may watch; without it there is no access check',
    },
    {
      flags: '--enrol <token>',
      says: 'at the first start: become one of the fleet of that control (`frontrow edge enrol-token`)',
    },
    { flags: '--port <n>', says: 'port to listen on (default 8090; 0 picks a free one)' },
    { flags: '--data <dir>', says: 'folder for what it keeps (default ./data)' },
    HOST_OPTION,
    WORKERS_OPTION,
    JSON_OPTION,
  ],
  more: 'With --control, an edge is enrolled, or FRONTROW_EDGE_SECRET is the same as at control and origin.',
  children: [listEdges, enrolToken, invalidate, inspect],
  async run(given, terminal) {
    const settings = settingsOf({
      ...listSetting(given, 'origin', 'originUrl'),
      ...listSetting(given, 'parent', 'edgeParents'),
      ...textSetting(given, 'control', 'controlUrl'),
      ...textSetting(given, 'data', 'data'),
      ...textSetting(given, 'host', 'host'),
      ...portSetting(given, 'port', 'edgePort'),
      ...workersSetting(given),
    });
    const { controlUrl } = settings;
    const token = given.text('enrol');
    const enrolled = await (token === undefined
      ? readEdgeCredential(resolve(settings.data))
      : enrolOnce({ data: settings.data, controlUrl, token }, terminal));
    const originUrl = settings.originUrl || ((controlUrl && enrolled?.originUrl) ?? '');
    if (!/^https?:\/\/[^/]/.test(originUrl)) throw usage('An edge needs --origin with an http or https URL.');
    const server = await start(settings, { originUrl, ...(controlUrl ? { controlUrl } : {}) });
    const { url, tlsUrl } = server;
    terminal.answer({ pid: process.pid, edge: url, ...(tlsUrl ? { edgeTls: tlsUrl } : {}) }, [
      `The edge is ready at ${url}${tlsUrl ? ` and ${tlsUrl}` : ''}. Stop it with Ctrl-C.`,
    ]);
    await runUntilSignal(server);
  },
};

async function start(settings: Settings, target: EdgeTarget): Promise<EdgeAddress & { stop(): Promise<void> }> {
  if (settings.edgeWorkers > 1) {
    const workers = new EdgeWorkers(settings, target);
    return { ...(await workers.start()), stop: () => workers.stop() };
  }
  // The whole server is loaded only here: the other commands shall start quickly.
  const { serveEdge } = await import('../main.ts');
  return serveEdge(settings, target);
}

import type { Settings } from '../config/settings.ts';
import type { Role, Running, serve as startServer } from '../main.ts';
import type { Command } from './command.ts';
import { ensureSample, sampleLink } from './demo.ts';
import { usage } from './failure.ts';
import { keepYoungSpaceSmall, runUntilSignal } from './running.ts';
import { Api, JSON_OPTION } from './server.ts';
import { HOST_OPTION, portSetting, settingsOf, textSetting, WORKERS_OPTION, workersSetting } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { EdgeWorkers } from './workers.ts';

export const serve: Command = {
  name: 'serve',
  says: 'run a server: all roles in one process unless told otherwise',
  options: [
    { flags: '--data <dir>', says: 'folder for everything it keeps (default ./data)' },
    { flags: '--port <n>', says: 'port of API and console (default 8080; 0 picks a free one)' },
    { flags: '--edge-port <n>', says: 'port of the edge (default 8090)' },
    { flags: '--origin-port <n>', says: 'port of the origin (default 8070)' },
    HOST_OPTION,
    { flags: '--roles <list>', says: 'which roles run here, such as control,origin,worker,edge (default all)' },
    { flags: WORKERS_OPTION.flags, says: `${WORKERS_OPTION.says}; with --roles edge only` },
    { flags: '--demo', says: 'make and ingest a sample film at the first start' },
    JSON_OPTION,
  ],
  more: 'Every other setting is an environment variable; see docs/settings.md.',
  async run(given, terminal) {
    const settings = settingsOf({
      // Whoever tries it out reads the links, not a log; FRONTROW_LOG_LEVEL still has its say.
      ...(given.has('demo') && process.env.FRONTROW_LOG_LEVEL === undefined ? { logLevel: 'warn' } : {}),
      ...textSetting(given, 'data', 'data'),
      ...textSetting(given, 'host', 'host'),
      ...portSetting(given, 'port', 'port'),
      ...portSetting(given, 'edgePort', 'edgePort'),
      ...portSetting(given, 'originPort', 'originPort'),
      ...workersSetting(given),
    });
    if (given.text('roles') !== 'edge') keepYoungSpaceSmall();
    // The whole server is loaded only here: the other commands shall start quickly.
    const { ROLES, serve: startServer } = await import('../main.ts');
    const roles = given.has('roles') ? parseRoles(given.text('roles') ?? '', ROLES) : ROLES;
    const edgeAlone = roles.length === 1 && roles[0] === 'edge';
    if (given.has('workers') && !edgeAlone) throw usage('--workers goes with --roles edge.');
    const several = edgeAlone && settings.edgeWorkers > 1;
    const server = await (several ? serveEdgeWorkers(settings, startServer) : startServer(settings, roles));
    terminal.answer({ pid: process.pid, ...server.urls, adminToken: server.adminToken }, readyLines(server));
    const ending = new AbortController();
    const sample = given.has('demo') ? showSample(server, settings.data, terminal, ending.signal) : undefined;
    await runUntilSignal({
      async stop() {
        ending.abort();
        await sample;
        await server.stop();
      },
    });
  },
};

/** The data folder and its run file are held here; what serves are the workers. */
async function serveEdgeWorkers(settings: Settings, hold: typeof startServer): Promise<Running> {
  const { originUrl, controlUrl, edgeUrl } = settings;
  if (!originUrl || !controlUrl) throw usage('--roles edge needs FRONTROW_ORIGIN_URL and FRONTROW_CONTROL_URL.');
  const workers = new EdgeWorkers(settings, { originUrl, controlUrl });
  const { url } = await workers.start();
  try {
    const server = await hold({ ...settings, edgeUrl: edgeUrl || url }, []);
    return {
      ...server,
      async stop() {
        await workers.stop();
        await server.stop();
      },
    };
  } catch (cause) {
    await workers.stop();
    throw cause;
  }
}

function parseRoles(list: string, known: readonly Role[]): Role[] {
  const named = list.split(',').map((each) => each.trim());
  const roles = known.filter((role) => named.includes(role));
  const unknown = named.find((each) => !(known as readonly string[]).includes(each));
  if (unknown === undefined) return roles;
  throw usage(`--roles takes ${known.join(', ')}; ${JSON.stringify(unknown)} is none of them.`);
}

/** A server that only works, or only stores, has nothing to open. */
function readyLines(server: Running): string[] {
  const { control, edge } = server.urls;
  return [
    '',
    'Frontrow is ready. Stop it with Ctrl-C.',
    '',
    ...(control ? [`  Console  ${server.signInUrl}`, `  API      ${control}/docs`] : []),
    ...(edge ? [`  Edge     ${edge}`] : []),
    ...(control || edge ? [''] : []),
  ];
}

/** A server without its sample is still a server: what goes wrong here is said and no more. */
async function showSample(server: Running, folder: string, terminal: Terminal, stop: AbortSignal): Promise<void> {
  const api = new Api(server.urls.control, server.adminToken);
  try {
    const assetId = await ensureSample(api, folder, (text) => terminal.note(text), stop);
    const link = await sampleLink(api, assetId, new URL(server.signInUrl).origin);
    if (link) terminal.note(`\nThe sample under a signed URL, good for a day:\n\n  ${link}\n`);
  } catch (cause) {
    if (stop.aborted) return;
    terminal.note(`There is no sample film: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

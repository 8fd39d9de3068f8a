import type { Role, Running } from '../main.ts';
import type { Command } from './command.ts';
import { ensureSample, sampleLink } from './demo.ts';
import { usage } from './failure.ts';
import { keepYoungSpaceSmall, runUntilSignal } from './running.ts';
import { Api, JSON_OPTION } from './server.ts';
import { HOST_OPTION, portSetting, settingsOf, textSetting } from './settings.ts';
import type { Terminal } from './terminal.ts';

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
    });
    if (given.text('roles') !== 'edge') keepYoungSpaceSmall();
    // The whole server is loaded only here: the other commands shall start quickly.
    const { ROLES, serve: startServer } = await import('../main.ts');
    const roles = given.has('roles') ? parseRoles(given.text('roles') ?? '', ROLES) : ROLES;
    const server = await startServer(settings, roles);
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

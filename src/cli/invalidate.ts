import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from './command.ts';
import { usage } from './failure.ts';
import { type Api, findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import type { Terminal } from './terminal.ts';

interface Invalidation {
  readonly id: string;
  readonly distributionId: string;
  readonly status: 'InProgress' | 'Completed';
  readonly paths: readonly string[];
}

interface Edges {
  readonly revision: number;
  readonly items: readonly {
    readonly state: 'connected' | 'away';
    readonly configuration?: { readonly revision: number };
  }[];
}

/** How often the server is asked while waiting. */
const ASK_MS = 300;

export const invalidate: Command = {
  name: 'invalidate',
  says: 'have every edge forget paths or tags of a distribution',
  takes: [
    { name: '<distribution>', says: 'such as ds_k3v9…, or default' },
    { name: '[paths...]', says: "paths, with a star at the end for all that begins so: '/images/*'" },
  ],
  options: [
    { flags: '--tag <tag>', says: 'what origins tagged so; may be given several times', repeats: true },
    { flags: '--soft', says: 'copies may be served once more while they are fetched anew' },
    { flags: '--reference <text>', says: 'your own name for it: the same again finds the first one' },
    { flags: '--no-wait', says: 'return at once instead of when every edge has it' },
    ...SERVER_OPTIONS,
    JSON_OPTION,
  ],
  async run(given, terminal) {
    const [distribution = '', ...paths] = given.all;
    const all = [...paths, ...given.texts('tag').map((tag) => `#${tag}`)];
    if (all.length === 0) throw usage('Name a path or a --tag at least.');
    const api = await findServer(given);
    const address = `/v1/distributions/${encodeURIComponent(distribution)}/invalidations`;
    const wanted = { paths: all, soft: given.has('soft'), callerReference: given.text('reference') };
    const made = await api.call<Invalidation>('POST', address, wanted);
    // `--no-wait` makes commander set `wait` to false.
    const ended = given.has('wait') ? await completed(api, `${address}/${made.id}`, terminal) : made;
    const says = ended.status === 'Completed' ? 'Every edge has it.' : 'Edges are told.';
    terminal.answer(ended, [`${ended.id}  ${ended.status}`, says]);
  },
};

async function completed(api: Api, address: string, terminal: Terminal): Promise<Invalidation> {
  const bar = terminal.progress('Invalidating', 'edges');
  let mark: number | undefined;
  try {
    for (;;) {
      const found = await api.call<Invalidation>('GET', address);
      if (found.status === 'Completed') return found;
      // Who may not see edges waits without a count of them.
      const edges = await api.call<Edges>('GET', '/v1/edges').catch(() => undefined);
      mark ??= edges?.revision;
      if (edges) bar.update(countOf(edges, mark ?? 0), edges.items.length);
      await pause(ASK_MS);
    }
  } finally {
    bar.stop();
  }
}

function countOf({ items }: Edges, mark: number): number {
  return items.filter(({ configuration }) => (configuration?.revision ?? -1) >= mark).length;
}

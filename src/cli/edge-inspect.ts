import type { Command } from './command.ts';
import { EDGE_DATA_OPTION, EdgeProcesses } from './edge-processes.ts';
import { JSON_OPTION } from './server.ts';
import { tableLines } from './terminal.ts';

/** What one process knows of an address; only what is shown here. */
interface Inspection {
  readonly path: string;
  readonly stored: readonly Stored[];
  readonly fills: readonly {
    readonly state: string;
    readonly ageSeconds: number;
    readonly receivedBytes: number;
    readonly readers: number;
  }[];
  readonly knownUncacheable: boolean;
  readonly refusal?: { readonly reason: string; readonly at: string };
}

interface Stored {
  readonly kind: 'answer' | 'parts' | 'variants';
  readonly variant?: string;
  readonly tiers: readonly string[];
  readonly status?: number;
  readonly bodyBytes?: number;
  readonly heldBytes?: number;
  readonly ageSeconds?: number;
  readonly freshForSeconds?: number;
  readonly lifetime?: {
    readonly staleWhileRevalidateSeconds: number;
    readonly staleIfErrorSeconds: number;
  };
  readonly etag?: string;
  readonly tags?: readonly string[];
}

export const inspect: Command = {
  name: 'inspect',
  says: 'say what an edge on this machine keeps for an address, how fresh it is, and where',
  takes: [{ name: '<url>', says: 'a URL, or a path with its query' }],
  options: [
    {
      flags: '--header <line>',
      says: 'a field of a viewer whose variant is meant, such as "Accept-Language: de"; may be given several times',
      repeats: true,
    },
    EDGE_DATA_OPTION,
    JSON_OPTION,
  ],
  async run(given, terminal) {
    const query = new URLSearchParams({ url: given.argument('url') });
    for (const line of given.texts('header')) query.append('header', line);
    const edge = await EdgeProcesses.of(given);
    const answers = await edge.ask({ method: 'GET', path: `/inspect?${query}` });
    const processes = answers.map(({ name, answer }) => ({ name, ...(answer?.body as Inspection) }));
    terminal.answer({ processes }, processes.flatMap(linesOf));
  },
};

const HEAD = ['KIND', 'STATUS', 'TIERS', 'BYTES', 'AGE', 'FRESH FOR', 'STALE FOR', 'ETAG', 'TAGS', 'VARIANT'];

function linesOf({ name, path, stored, fills, knownUncacheable, refusal }: { name: string } & Inspection): string[] {
  const kept = stored.length > 0 ? tableLines(HEAD, stored.map(rowOf)) : ['not stored'];
  return [
    `${name}: ${path}`,
    ...kept,
    ...fills.map(
      ({ state, ageSeconds, receivedBytes, readers }) =>
        `fetched now: ${state} for ${ageSeconds} s, ${receivedBytes} bytes so far, ${readers} reading`,
    ),
    ...(knownUncacheable ? ['not waited for together: the last answer was uncacheable'] : []),
    ...(refusal ? [`last not stored at ${refusal.at}: ${refusal.reason}`] : []),
  ];
}

function rowOf(stored: Stored): string[] {
  const { kind, status, tiers, bodyBytes, heldBytes, ageSeconds, freshForSeconds = 0, lifetime, etag, tags } = stored;
  const bytes = heldBytes === undefined ? text(bodyBytes) : `${heldBytes} of ${text(bodyBytes)}`;
  const fresh =
    ageSeconds === undefined ? '' : freshForSeconds > 0 ? `${freshForSeconds} s` : `stale ${-freshForSeconds} s`;
  const stale = lifetime ? `${lifetime.staleWhileRevalidateSeconds}/${lifetime.staleIfErrorSeconds} s` : '';
  const age = ageSeconds === undefined ? '' : `${ageSeconds} s`;
  const tagged = (tags ?? []).join(' ');
  return [kind, text(status), tiers.join('+'), bytes, age, fresh, stale, etag ?? '', tagged, stored.variant ?? ''];
}

function text(number: number | undefined): string {
  return number === undefined ? '' : String(number);
}

import type { Command } from './command.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

interface EdgeList {
  readonly revision: number;
  readonly items: readonly EdgeView[];
}

interface EdgeView {
  readonly edgeId: string;
  readonly name: string;
  readonly state: string;
  readonly draining: boolean;
  readonly url?: string;
  readonly version?: string;
  readonly configuration?: { readonly revision: number; readonly refused?: { readonly section: string } };
  readonly load?: { readonly requestsPerSecond: number; readonly bytesPerSecond: number; readonly hitRatio: number };
}

export const listEdges: Command = {
  name: 'list',
  says: 'list the edges of a fleet, how they are, and whether they have every change',
  options: [...SERVER_OPTIONS, JSON_OPTION],
  async run(given, terminal) {
    const api = await findServer(given);
    const edges = await api.call<EdgeList>('GET', '/v1/edges');
    const head = ['EDGE', 'NAME', 'STATE', 'CHANGES', 'REQUESTS/S', 'MBIT/S', 'HITS', 'VERSION', 'URL'];
    const rows = edges.items.map((edge) => [
      edge.edgeId,
      edge.name,
      edge.draining ? `${edge.state}, draining` : edge.state,
      changesOf(edge, edges.revision),
      edge.load ? edge.load.requestsPerSecond.toFixed(1) : '-',
      edge.load ? ((edge.load.bytesPerSecond * 8) / 1e6).toFixed(1) : '-',
      edge.load ? `${Math.round(edge.load.hitRatio * 100)} %` : '-',
      edge.version ?? '-',
      edge.url ?? '-',
    ]);
    terminal.answer(edges, tableLines(head, rows));
  },
};

function changesOf({ configuration }: EdgeView, revision: number): string {
  if (!configuration) return '-';
  if (configuration.refused) return `${configuration.refused.section} refused`;
  const behind = revision - configuration.revision;
  return behind > 0 ? `${behind} behind` : 'all';
}

import { setTimeout as pause } from 'node:timers/promises';
import type { PlaceAnswer } from '../config/edge-operator.ts';
import type { Command, Given } from './command.ts';
import { EDGE_DATA_OPTION, EdgeProcesses } from './edge-processes.ts';
import { usage } from './failure.ts';
import { JSON_OPTION } from './server.ts';
import { type Terminal, tableLines } from './terminal.ts';

/** What one process says would go. */
interface Survey {
  readonly memory: TierSurvey;
  readonly disk?: TierSurvey;
}

interface TierSurvey {
  readonly entries: number;
  readonly bytes: number;
  readonly keys: readonly string[];
}

interface State {
  readonly finished: number;
  readonly sweep?: { readonly seen: number; readonly of: number };
}

const LOOK_MS = 200;

export const invalidate: Command = {
  name: 'invalidate',
  says: 'make an edge on this machine forget what it keeps, by path, pattern or tag',
  takes: [{ name: '[paths...]', says: 'such as /a, /a?size=1, /films/* or /live/*/index.m3u8, or a URL' }],
  options: [
    { flags: '--tag <tag>', says: 'all that its origin tagged so; may be given several times', repeats: true },
    { flags: '--all', says: 'everything' },
    { flags: '--soft', says: 'only make it stale: it is asked about before it is served as fresh again' },
    { flags: '--dry-run', says: 'only say what would go' },
    { flags: '--keys <n>', says: 'with --dry-run, how many of each tier are listed (default 10)' },
    { flags: '--wait', says: 'until nothing of it is left on disk either; it is in force before that' },
    EDGE_DATA_OPTION,
    JSON_OPTION,
  ],
  more: 'A path means its query too, as given. Quote a star, or the shell takes it for itself.',
  async run(given, terminal) {
    const order = orderOf(given);
    const edge = await EdgeProcesses.of(given);
    const question = { method: 'POST' as const, path: '/invalidations', body: order };
    if (order.dryRun) {
      showSurvey(await edge.ask(question), terminal);
      return;
    }
    const answers = await edge.tell(question);
    if (given.has('wait')) await sweep(edge, answers, terminal);
    const processes = answers.map(({ name, answer }) => ({ name, ...(answer ? (answer.body as object) : MISSED) }));
    terminal.answer({ processes }, tableLines(['PROCESS', 'INVALIDATION'], answers.map(rowOf)));
  },
};

function orderOf(given: Given) {
  const paths = given.all;
  const tags = given.texts('tag');
  const all = given.has('all');
  if (paths.length + tags.length === 0 && !all)
    throw usage('Name paths, or tags with --tag, or everything with --all.');
  if (all && paths.length + tags.length > 0) throw usage('--all goes with no path and no tag.');
  given.atMostOne('dryRun', 'wait');
  const maxKeys = given.integer('keys', 0, 1_000);
  return {
    ...(all ? { all } : { paths, tags }),
    soft: given.has('soft'),
    dryRun: given.has('dryRun'),
    ...(maxKeys === undefined ? {} : { maxKeys }),
  };
}

const MISSED = { missed: true };

function rowOf({ name, answer }: PlaceAnswer): string[] {
  if (!answer) return [name, 'does not run; what it keeps on disk is thrown away when it starts'];
  return [name, `${(answer.body as { sequence: number }).sequence} in force`];
}

/** Until each process has finished what it was told. */
async function sweep(edge: EdgeProcesses, told: readonly PlaceAnswer[], terminal: Terminal): Promise<void> {
  const progress = terminal.progress('Sweeping', 'entries');
  const wanted = new Map(told.map(({ name, answer }) => [name, (answer?.body as { sequence: number })?.sequence ?? 0]));
  for (;;) {
    const states = (await edge.ask({ method: 'GET', path: '/invalidations' })).map(({ name, answer }) => ({
      name,
      ...(answer?.body as State),
    }));
    if (states.every(({ name, finished }) => finished >= (wanted.get(name) ?? 0))) break;
    const sweeps = states.flatMap((state) => state.sweep ?? []);
    progress.update(
      sweeps.reduce((sum, { seen }) => sum + seen, 0),
      sweeps.reduce((sum, each) => sum + each.of, 0),
    );
    await pause(LOOK_MS);
  }
  progress.stop();
}

function showSurvey(answers: readonly PlaceAnswer[], terminal: Terminal): void {
  const processes = answers.map(({ name, answer }) => ({ name, ...(answer?.body as Survey) }));
  const tiers = processes.flatMap(({ name, memory, disk }) => [
    { name, tier: 'memory', ...memory },
    ...(disk ? [{ name, tier: 'disk', ...disk }] : []),
  ]);
  const rows = tiers.map(({ name, tier, entries, bytes }) => [name, tier, String(entries), String(bytes)]);
  const keys = [...new Set(tiers.flatMap((each) => each.keys))].map((key) => `  ${JSON.stringify(key).slice(1, -1)}`);
  terminal.answer({ dryRun: true, processes }, [
    ...tableLines(['PROCESS', 'TIER', 'ENTRIES', 'BYTES'], rows),
    ...(keys.length > 0 ? ['Such as:', ...keys] : []),
  ]);
}

import type { Command, Given } from './command.ts';
import { DISTRIBUTION, type Json, readDocument, replaceDocument, warningLines } from './configuration.ts';
import { Failure, usage } from './failure.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { type Terminal, tableLines } from './terminal.ts';

/** Cache behaviours of one distribution: each change reads it, and gives it back unless it changed meanwhile. */
interface Behavior extends Json {
  readonly pathPattern: string;
  readonly targetOriginId: string;
  readonly viewerProtocolPolicy?: string;
  readonly cachePolicyId?: string;
  readonly trustedKeyGroups?: readonly string[];
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const DISTRIBUTION_ID = { name: '<distribution>', says: 'such as ds_k3v9…' };
const PATTERN = { name: '<pattern>', says: 'path pattern, such as /images/*' };
const AT = { flags: '--at <n>', says: 'its place in the order, from 1 (default: last)' };

const list: Command = {
  name: 'list',
  says: 'list behaviours in the order in which they are asked',
  takes: [DISTRIBUTION_ID],
  options: OPTIONS,
  async run(given, terminal) {
    const { config } = await readDocument(await findServer(given), DISTRIBUTION, given.argument('distribution'));
    const behaviors = config.cacheBehaviors as readonly Behavior[];
    const standard = config.defaultCacheBehavior as Behavior;
    terminal.answer({ items: behaviors, default: standard }, behaviorLines(behaviors, standard));
  },
};

function behaviorLines(behaviors: readonly Behavior[], standard: Behavior): string[] {
  const row = (place: string, pattern: string, each: Behavior) => [
    place,
    pattern,
    each.targetOriginId,
    each.viewerProtocolPolicy ?? '',
    each.cachePolicyId ?? '',
    each.trustedKeyGroups?.join(' ') || 'everybody',
  ];
  const rows = behaviors.map((each, at) => row(`${at + 1}`, each.pathPattern, each));
  const head = ['#', 'PATTERN', 'ORIGIN', 'PROTOCOL', 'CACHE POLICY', 'TRUSTED'];
  return tableLines(head, [...rows, row('-', 'all others', standard)]);
}

const add: Command = {
  name: 'add',
  says: 'add a behaviour for a path pattern',
  takes: [DISTRIBUTION_ID, PATTERN],
  options: [
    { flags: '--origin <id>', says: 'origin or origin group (default: that of all other paths)' },
    { flags: '--cache-policy <id>', says: 'what is kept for how long, and what tells answers apart' },
    { flags: '--origin-request-policy <id>', says: 'what origins are told beside that' },
    { flags: '--response-headers-policy <id>', says: 'which fields answers have' },
    { flags: '--key-group <id>', says: 'only holders of a grant by it; may be given several times', repeats: true },
    {
      flags: '--protocol <policy>',
      says: 'what viewers may speak',
      choices: ['allow-all', 'redirect-to-https', 'https-only'],
    },
    AT,
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const pathPattern = given.argument('pattern');
    const at = given.integer('at', 1, 1_000);
    await change(given, terminal, `${pathPattern} is added.`, (behaviors, standard) => {
      if (behaviors.some((each) => each.pathPattern === pathPattern))
        throw new Failure('CONFLICT', `There is a behaviour for ${pathPattern} already.`);
      return behaviors.toSpliced((at ?? behaviors.length + 1) - 1, 0, made(given, pathPattern, standard));
    });
  },
};

function made(given: Given, pathPattern: string, standard: Behavior): Behavior {
  const named = Object.entries({
    viewerProtocolPolicy: given.text('protocol'),
    cachePolicyId: given.text('cachePolicy'),
    originRequestPolicyId: given.text('originRequestPolicy'),
    responseHeadersPolicyId: given.text('responseHeadersPolicy'),
  }).filter(([, value]) => value !== undefined);
  return {
    pathPattern,
    targetOriginId: given.text('origin') ?? standard.targetOriginId,
    trustedKeyGroups: given.texts('keyGroup'),
    ...Object.fromEntries(named),
  };
}

const remove: Command = {
  name: 'remove',
  says: 'remove a behaviour',
  takes: [DISTRIBUTION_ID, PATTERN],
  options: OPTIONS,
  async run(given, terminal) {
    const pathPattern = given.argument('pattern');
    await change(given, terminal, `${pathPattern} is removed.`, (behaviors) =>
      behaviors.toSpliced(placeOf(behaviors, pathPattern), 1),
    );
  },
};

const move: Command = {
  name: 'move',
  says: 'move a behaviour to another place in the order',
  takes: [DISTRIBUTION_ID, PATTERN],
  options: [{ flags: '--to <n>', says: 'the place, from 1' }, ...OPTIONS],
  async run(given, terminal) {
    const pathPattern = given.argument('pattern');
    const to = given.integer('to', 1, 1_000);
    if (to === undefined) throw usage('--to is missing: the place, from 1.');
    await change(given, terminal, `${pathPattern} is moved.`, (behaviors) => {
      const from = placeOf(behaviors, pathPattern);
      const [moved] = behaviors.slice(from, from + 1);
      return moved ? behaviors.toSpliced(from, 1).toSpliced(to - 1, 0, moved) : behaviors;
    });
  },
};

function placeOf(behaviors: readonly Behavior[], pathPattern: string): number {
  const at = behaviors.findIndex((each) => each.pathPattern === pathPattern);
  if (at === -1) throw new Failure('NOT_FOUND', `There is no behaviour for ${pathPattern}.`);
  return at;
}

async function change(
  given: Given,
  terminal: Terminal,
  says: string,
  changed: (behaviors: readonly Behavior[], standard: Behavior) => readonly Behavior[],
): Promise<void> {
  const api = await findServer(given);
  const found = await readDocument(api, DISTRIBUTION, given.argument('distribution'));
  const { cacheBehaviors, defaultCacheBehavior } = found.config;
  const behaviors = changed(cacheBehaviors as readonly Behavior[], defaultCacheBehavior as Behavior);
  const answer = await replaceDocument(api, DISTRIBUTION, found, { ...found.config, cacheBehaviors: behaviors });
  terminal.answer(answer, [says, ...warningLines(answer)]);
}

export const behavior: Command = {
  name: 'behavior',
  says: 'list, add, remove and move the cache behaviours of a distribution',
  children: [list, add, remove, move],
};

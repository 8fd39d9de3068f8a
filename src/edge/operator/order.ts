import { Fault } from '../../kernel/errors.ts';
import { EVERYTHING, keyTarget, parseTarget, pathTarget, type Target, tagTarget } from '../invalidation/target.ts';
import type { Names } from './names.ts';

/** What an operator would have invalidated. */
export interface Order {
  readonly targets: readonly Target[];
  readonly soft: boolean;
  /** Only to say what would go. */
  readonly dryRun: boolean;
  /** Keys of a dry run that are listed, of each tier. */
  readonly maxKeys: number;
}

/** As many as CloudFront takes at once. */
const MAX_TARGETS = 3_000;
const DEFAULT_KEYS = 10;
const MAX_KEYS = 1_000;
const MEMBERS: ReadonlySet<string> = new Set(['paths', 'tags', 'all', 'soft', 'dryRun', 'maxKeys']);

/** @throws Fault INVALID_REQUEST for what is no order, TARGET_INVALID naming what is no path or tag */
export function parseOrder(body: unknown, names: Names): Order {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('Send a JSON object.');
  const given = body as Record<string, unknown>;
  const unknown = Object.keys(given).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) throw wrong(`An invalidation has ${[...MEMBERS].join(', ')}, and nothing else.`);
  const paths = textsOf(given, 'paths').map((text) => must(targetAt(text, names), 'path', text));
  const tags = textsOf(given, 'tags').map((text) => must(tagTarget(text), 'tag', text));
  const targets = switchOf(given, 'all') ? [EVERYTHING] : [...paths, ...tags];
  if (targets.length === 0) throw wrong('Name paths or tags, or set all.');
  if (targets.length > MAX_TARGETS) throw wrong(`At most ${MAX_TARGETS} paths and tags at once.`);
  return { targets, soft: switchOf(given, 'soft'), dryRun: switchOf(given, 'dryRun'), maxKeys: keysOf(given) };
}

/** An address, or a path, which is one at no host in particular. */
function addressOf(text: string): { host: string; target: string } {
  const [, host = '', target = ''] = /^(?:https?:\/\/([^/?#]*))?(.*)$/is.exec(text) ?? [];
  return { host, target: target || '/' };
}

/** What an operator wants to know of. */
export interface Question {
  readonly path: string;
  readonly target: Target;
  /** Request fields of the viewer whose variant is meant. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws Fault TARGET_INVALID when `url` is no path or URL, INVALID_REQUEST for a `header` that is none */
export function parseQuestion(query: unknown, names: Names): Question {
  const { url, header = [] } = (query ?? {}) as Record<string, unknown>;
  if (typeof url !== 'string') throw wrong('Say which url.');
  // Looked for as it is: a star in it is a star.
  const { host, target: asked } = addressOf(url);
  const named = names.targetAt(host, asked);
  const path = Buffer.from(names.keyAt(host, named), 'utf8').toString('latin1');
  const target = pathTarget(Buffer.from(named, 'utf8').toString('latin1')) && keyTarget(path);
  if (!target) throw new Fault('TARGET_INVALID', { says: `${JSON.stringify(url.slice(0, 200))} is no path.` });
  const fields = [header].flat().map((line) => /^([\w-]+): *(.*)$/.exec(String(line)));
  if (fields.some((field) => !field)) throw wrong('A header is written Name: value.');
  const headers = fields.map((field) => [field?.[1]?.toLowerCase() ?? '', field?.[2] ?? '']);
  return { path, target, headers: Object.fromEntries(headers) };
}

function targetAt(text: string, names: Names): Target | undefined {
  if (text.startsWith('#')) return parseTarget(text);
  const { host, target } = addressOf(text);
  return parseTarget(names.scopeAt(host) + names.targetAt(host, target));
}

function must(target: Target | undefined, what: string, text: string): Target {
  if (target) return target;
  throw new Fault('TARGET_INVALID', { says: `${JSON.stringify(text.slice(0, 200))} is no ${what}.` });
}

function textsOf(given: Record<string, unknown>, name: string): string[] {
  const texts = given[name] ?? [];
  if (Array.isArray(texts) && texts.every((text) => typeof text === 'string')) return texts;
  throw wrong(`${name} must be a list of texts.`);
}

function switchOf(given: Record<string, unknown>, name: string): boolean {
  const value = given[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw wrong(`${name} must be true or false.`);
}

function keysOf({ maxKeys = DEFAULT_KEYS }: Record<string, unknown>): number {
  if (typeof maxKeys === 'number' && Number.isInteger(maxKeys) && maxKeys >= 0 && maxKeys <= MAX_KEYS) return maxKeys;
  throw wrong(`maxKeys must be a whole number from 0 to ${MAX_KEYS}.`);
}

function wrong(says: string): Fault {
  return new Fault('INVALID_REQUEST', { says });
}

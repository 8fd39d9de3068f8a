import type { Configuration, ConfigurationChange, ConfigurationRepository } from '../../database/configuration.ts';
import type { DatabaseTransaction } from '../../database/open.ts';
import type { SigningKeyRepository } from '../../database/signing-keys.ts';
import type { Surroundings } from '../../kernel/distribution/check.ts';
import {
  type ConfigByKind,
  type Documents,
  FILM_DISTRIBUTION,
  type FieldWarning,
  type Kind,
} from '../../kernel/distribution/documents.ts';
import { FILM_DISTRIBUTION_CONFIG } from '../../kernel/distribution/film-distribution.ts';
import { usesOf } from '../../kernel/distribution/references.ts';
import type { SiteConfig } from '../../kernel/distribution/site-config.ts';
import { writeSiteConfig } from '../../kernel/distribution/write-site.ts';
import { Fault } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import { EDGE_CONFIG, type Signals } from '../../queue/signals.ts';
import { MANAGED } from './managed.ts';
import { requireMatch } from './preconditions.ts';
import type { Resource } from './resources.ts';

/** A document as a request left it. */
export interface Changed<K extends Kind = Kind> {
  readonly document: Configuration<K>;
  readonly warnings: readonly FieldWarning[];
  /** Told once, to whoever had it made. */
  readonly madeSecret?: string;
}

export interface ConfigurationsDeps {
  readonly configurations: ConfigurationRepository;
  readonly keys: Pick<SigningKeyRepository, 'list'>;
  readonly signals: Signals;
  /** Where viewers reach the edges of this server. */
  readonly edgeUrls: () => Promise<readonly string[]>;
  readonly log: Log;
}

/** Called within the transaction, so that what it writes stands or falls with the change. */
export type Record<K extends Kind = Kind> = (
  change: { before?: Configuration<K>; after?: Changed<K> },
  trx: DatabaseTransaction,
) => Promise<void>;

export interface Asked {
  readonly limit: number;
  readonly after?: { readonly createdAtMs: number; readonly id: string };
  readonly type?: 'managed' | 'custom';
  /** Of distributions: all of these. */
  readonly tags: ReadonlyMap<string, string>;
}

/** Far beyond any operator's needs; CloudFront has 500 distributions an account. */
const MAX_OF_A_KIND = 500;
const MAX_ERRORS = 100;

/** Changes documents, each as a whole: checked against all of the others and written, or refused and not written. */
export class Configurations {
  readonly #deps: ConfigurationsDeps;

  constructor(deps: ConfigurationsDeps) {
    this.#deps = deps;
  }

  /** Makes the distribution of films where it is not there yet. */
  async start(): Promise<void> {
    const { configurations } = this.#deps;
    if (await configurations.find('distribution', FILM_DISTRIBUTION)) return;
    await configurations.change(async (change) => {
      // Another server on the same database may have been quicker.
      if (await change.find('distribution', FILM_DISTRIBUTION)) return;
      await change.insert({ id: FILM_DISTRIBUTION, kind: 'distribution', config: FILM_DISTRIBUTION_CONFIG });
    });
  }

  /** @throws Fault CONFIGURATION_INVALID or CONFIGURATION_LIMIT */
  create<K extends Kind>(resource: Resource<K>, body: unknown, record: Record<K>): Promise<Changed<K>> {
    const id = newId(resource.prefix);
    return this.#change(id, async (change, around, trx) => {
      if (Object.keys(around.documents[resource.kind]).length >= MAX_OF_A_KIND) {
        throw new Fault('CONFIGURATION_LIMIT', { says: `A server keeps at most ${MAX_OF_A_KIND} of these.` });
      }
      const { config, secret, told } = admit(resource, body, around, undefined);
      const document = await change.insert({ id, kind: resource.kind, config, ...secret });
      const after = { document, warnings: warningsOf(resource, config, around), ...told };
      await record({ after }, trx);
      return after;
    });
  }

  /** @throws Fault NOT_FOUND, POLICY_MANAGED, IF_MATCH_MISSING, IF_MATCH_STALE or CONFIGURATION_INVALID */
  replace<K extends Kind>(
    resource: Resource<K>,
    target: { readonly id: string; readonly ifMatch: string | undefined },
    body: unknown,
    record: Record<K>,
  ): Promise<Changed<K>> {
    const { id } = target;
    return this.#change(id, async (change, around, trx) => {
      const before = await matched(resource, change, target);
      const { config, secret, told } = admit(resource, body, around, before);
      const document = await change.replace({ id, kind: resource.kind, config, ...secret });
      const after = { document, warnings: warningsOf(resource, config, around), ...told };
      await record({ before, after }, trx);
      return after;
    });
  }

  /** @throws Fault NOT_FOUND, POLICY_MANAGED, DISTRIBUTION_BUILT_IN, IF_MATCH_… or CONFIGURATION_IN_USE */
  delete<K extends Kind>(
    resource: Resource<K>,
    target: { readonly id: string; readonly ifMatch: string | undefined },
    record: Record<K>,
  ): Promise<void> {
    return this.#change(target.id, async (change, around, trx) => {
      const before = await matched(resource, change, target);
      if (resource.kind === 'distribution' && target.id === FILM_DISTRIBUTION) throw new Fault('DISTRIBUTION_BUILT_IN');
      requireUnused(resource, target.id, around.documents);
      await change.delete(target.id);
      await record({ before }, trx);
    });
  }

  /** A document of an operator's, or a managed one. Undefined when there is none. */
  async find<K extends Kind>(resource: Resource<K>, id: string): Promise<Configuration<K> | undefined> {
    return (
      (await this.#deps.configurations.find(resource.kind, id)) ??
      managedOf(resource.kind).find((each) => each.id === id)
    );
  }

  /** In the order of lists: newest first, managed ones at their end. */
  async list(resource: Resource, asked: Asked): Promise<Configuration[]> {
    const own = asked.type === 'managed' ? [] : await this.#listOwn(resource, asked);
    if (asked.type === 'custom' || own.length >= asked.limit) return own;
    const managed = managedOf(resource.kind).filter((each) => isBehind(each, asked.after));
    return [...own, ...managed.sort((one, other) => (one.id < other.id ? 1 : -1))].slice(0, asked.limit);
  }

  async #listOwn({ kind }: Resource, { limit, after, tags }: Asked): Promise<Configuration[]> {
    // There are so few of them that reading all costs less than tables of tags would.
    const all = await this.#deps.configurations.list(kind, MAX_OF_A_KIND, after);
    return all.filter(({ config }) => hasTags(config, tags)).slice(0, limit);
  }

  async warnings<K extends Kind>(resource: Resource<K>, { id, config }: Configuration<K>): Promise<FieldWarning[]> {
    const documents = await this.#deps.configurations.documents();
    return warningsOf(resource, config, { ...(await this.#around(id)), documents: withManaged(documents) });
  }

  /** What edges are told. */
  async siteConfig(): Promise<SiteConfig> {
    const { configurations, log } = this.#deps;
    const documents = withManaged(await configurations.documents());
    const secrets = await configurations.secrets();
    const lost = [...secrets].filter(([, secret]) => secret === undefined).map(([id]) => id);
    // One origin that cannot be signed to must not keep edges from all the rest.
    if (lost.length > 0) log.error({ ids: lost }, 'secrets of origin access controls were sealed under another secret');
    return writeSiteConfig(documents, secrets);
  }

  /** Key groups that name where an identity provider publishes its keys: that address, by id. */
  async jwksUrls(): Promise<ReadonlyMap<string, string>> {
    const groups = Object.entries((await this.#deps.configurations.documents())['key-group']);
    return new Map(groups.flatMap(([id, { jwksUrl }]) => (jwksUrl === undefined ? [] : [[id, jwksUrl] as const])));
  }

  async #change<T>(
    id: string,
    work: (change: ConfigurationChange, around: Surroundings, trx: DatabaseTransaction) => Promise<T>,
  ): Promise<T> {
    // Before the transaction, which has the only connection of SQLite; a key that is known once stays so.
    const around = await this.#around(id);
    const done = await this.#deps.configurations.change(async (change, trx) =>
      work(change, { ...around, documents: withManaged(await change.documents()) }, trx),
    );
    this.#deps.signals.notify(EDGE_CONFIG);
    return done;
  }

  async #around(id: string): Promise<Omit<Surroundings, 'documents'>> {
    const [keys, edgeUrls] = await Promise.all([this.#deps.keys.list(), this.#deps.edgeUrls()]);
    return {
      id,
      ownAddresses: edgeUrls.flatMap(addressesOf),
      signingKeys: new Map(keys.map((key) => [key.keyPairId, { isRevoked: key.revokedAtMs !== undefined }])),
    };
  }
}

function isBehind({ createdAtMs, id }: Configuration, after: Asked['after']): boolean {
  return after === undefined || createdAtMs < after.createdAtMs || (createdAtMs === after.createdAtMs && id < after.id);
}

function hasTags(config: ConfigByKind[Kind], wanted: ReadonlyMap<string, string>): boolean {
  if (!('tags' in config)) return true;
  const tags = new Map(Object.entries(config.tags));
  return [...wanted].every(([name, value]) => tags.get(name) === value);
}

/** Managed documents of a kind, as if they were there since the beginning of time. */
function managedOf<K extends Kind>(kind: K): Configuration<K>[] {
  const managed: Partial<Documents> = MANAGED;
  const entries = Object.entries((managed[kind] ?? {}) as Readonly<{ [id: string]: ConfigByKind[K] }>);
  return entries.map(([id, config]) => ({
    id,
    kind,
    config,
    hasSecret: false,
    revision: 0,
    createdAtMs: 0,
    updatedAtMs: 0,
  }));
}

function withManaged(documents: Documents): Documents {
  return {
    ...documents,
    'cache-policy': { ...documents['cache-policy'], ...MANAGED['cache-policy'] },
    'origin-request-policy': { ...documents['origin-request-policy'], ...MANAGED['origin-request-policy'] },
    'response-headers-policy': { ...documents['response-headers-policy'], ...MANAGED['response-headers-policy'] },
  };
}

/** The document that is to be changed, in the state that the request is about. */
async function matched<K extends Kind>(
  { kind, noun }: Resource<K>,
  change: ConfigurationChange,
  { id, ifMatch }: { readonly id: string; readonly ifMatch: string | undefined },
): Promise<Configuration<K>> {
  if (managedOf(kind).some((each) => each.id === id)) throw new Fault('POLICY_MANAGED');
  const before = await change.find(kind, id);
  if (!before) throw new Fault('NOT_FOUND', { says: `There is no ${noun} with this id.` });
  requireMatch(ifMatch, before.revision);
  return before;
}

function admit<K extends Kind>(
  resource: Resource<K>,
  body: unknown,
  around: Surroundings,
  before: Configuration<K> | undefined,
) {
  const config = resource.fill(body);
  const change = resource.secret?.(body, config, before);
  const errors = [...resource.check(config, around), ...(change?.errors ?? [])].slice(0, MAX_ERRORS);
  const [first] = errors;
  if (first) throw new Fault('CONFIGURATION_INVALID', { says: first.says, errors });
  const { secret, isMade } = change ?? {};
  return {
    config,
    secret: secret === undefined ? {} : { secret },
    told: secret !== undefined && isMade ? { madeSecret: secret } : {},
  };
}

function warningsOf<K extends Kind>(
  resource: Resource<K>,
  config: ConfigByKind[K],
  around: Surroundings,
): FieldWarning[] {
  return [...resource.warn(config, around)].slice(0, MAX_ERRORS);
}

function requireUnused({ kind, noun }: Resource, id: string, documents: Documents): void {
  const [first, ...others] = usesOf(kind, id, documents);
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` and in ${others.length} more place${others.length === 1 ? '' : 's'}`;
  throw new Fault('CONFIGURATION_IN_USE', { says: `The ${noun} ${id} is in use by ${first}${more}.` });
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** `host:port` of an edge; an edge on the loopback address has all of its names. */
function addressesOf(edgeUrl: string): string[] {
  if (!URL.canParse(edgeUrl)) return [];
  const { hostname, port, protocol } = new URL(edgeUrl);
  const own = port || (protocol === 'https:' ? '443' : '80');
  return (LOOPBACK.includes(hostname) ? LOOPBACK : [hostname]).map((host) => `${host}:${own}`);
}

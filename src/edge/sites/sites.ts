import { FILM_DISTRIBUTION } from '../../kernel/distribution/documents.ts';
import { compileHosts } from '../../kernel/distribution/hosts.ts';
import { isSiteConfig } from '../../kernel/distribution/site-config.ts';
import { Fault } from '../../kernel/errors.ts';
import type { Exchange } from '../exchange.ts';
import type { StateTaker } from '../feed/section.ts';
import { type Names, ungranted } from '../operator/names.ts';
import { LinkedOrder } from '../prefetch/linked-order.ts';
import { compileSite, type Site, type SiteParts } from './site.ts';
import type { SiteOrigins } from './site-origins.ts';

export type SitesParts = Omit<SiteParts, 'origins' | 'orderOf'> & { readonly origins: SiteOrigins };

/**
 * Which distribution, and which behaviour of it, a request falls under. Each behaviour is an edge of its own over the same
 * tiers: a phase table made of its own parts.
 */
export class Sites implements StateTaker, Names {
  readonly name = 'site';
  readonly #parts: SitesParts;
  #hosts: (host: string) => string | undefined = () => undefined;
  #sites: ReadonlyMap<string, Site> = new Map();
  #default: Site | undefined;
  /** A change of configuration does not change which file follows which, and stored playlists are not read again. */
  readonly #orders = new Map<string, LinkedOrder>();

  constructor(parts: SitesParts) {
    this.#parts = parts;
  }

  /** Makes all of a configuration before any of it is in force. @throws Fault CONFIG_REFUSED, SettingsError */
  check(value: unknown): () => Promise<void> {
    if (!isSiteConfig(value)) throw new Fault('CONFIG_REFUSED', { detail: { of: this.name } });
    const draft = this.#parts.origins.draft();
    const entries = Object.entries(value.distributions);
    const parts: SiteParts = { ...this.#parts, origins: draft, orderOf: (id) => this.#orderOf(id) };
    const sites = new Map(entries.map(([id]) => [id, compileSite(id, value, parts)]));
    const hosts = compileHosts(Object.fromEntries(entries.map(([id, { aliases }]) => [id, aliases])));
    const asksForPlaces = [...sites.values()].some((site) => site.asksForPlaces);
    return async () => {
      if (asksForPlaces) await this.#parts.needsPlaces();
      this.#parts.origins.take(draft);
      this.#sites = sites;
      this.#hosts = hosts;
      this.#default = sites.get(FILM_DISTRIBUTION);
      for (const id of this.#orders.keys()) if (!sites.has(id)) this.#orders.delete(id);
    };
  }

  #orderOf(id: string): LinkedOrder {
    const known = this.#orders.get(id);
    if (known) return known;
    const order = new LinkedOrder((uri, playlist, host) => this.#sites.get(id)?.nameOf(uri, playlist, host));
    this.#orders.set(id, order);
    return order;
  }

  scopeAt(host: string): string {
    return this.#siteAt(host)?.scope ?? '';
  }

  targetAt(host: string, target: string): string {
    return this.#siteAt(host)?.behaviorAt(target).readsGrants === false ? target : ungranted(target);
  }

  keyAt(host: string, target: string): string {
    return this.#siteAt(host)?.behaviorAt(target).rules?.naming.keyOf(target) ?? target;
  }

  #siteAt(host: string): Site | undefined {
    const id = this.#hosts(host);
    return (id === undefined ? undefined : this.#sites.get(id)) ?? this.#default;
  }

  /** Has the exchange go on by the phases of its behaviour. @throws Fault where it may not go on at all */
  enter(x: Exchange): void {
    const site = this.#siteAt(x.host);
    if (site) site.enter(x);
    else x.phases = this.#parts.filmPhases();
  }
}

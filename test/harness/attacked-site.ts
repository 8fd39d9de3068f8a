import type { CachePolicyConfig, DistributionConfig } from '../../src/kernel/distribution/model.ts';
import type { Answer } from './edge-scenario.ts';
import { KEY_PAIR_ID } from './film-edge.ts';
import { RawViewer } from './raw-viewer.ts';
import { cachePolicy, distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from './site-edge.ts';

/** An origin request policy as careless as can be. */
export const ALL_VIEWER = {
  name: 'all',
  comment: '',
  headersConfig: { headerBehavior: 'allViewer', headers: [] },
  cookiesConfig: { cookieBehavior: 'all', cookies: [] },
  queryStringsConfig: { queryStringBehavior: 'all', queryStrings: [] },
} as const;

/** A distribution to attack, and beside it one whose origin has a folder; policies `policy`, `disabled` and `all`. */
export function startAttackedSite(
  more: Partial<DistributionConfig> = {},
  policies: Readonly<Record<string, CachePolicyConfig>> = {},
): Promise<SiteEdge> {
  return startSiteEdge((origin) =>
    site({
      cachePolicies: {
        policy: cachePolicy(),
        disabled: cachePolicy({ minTTL: 0, defaultTTL: 0, maxTTL: 0 }),
        ...policies,
      },
      originRequestPolicies: { all: ALL_VIEWER, cookies: ALL_COOKIES },
      keyGroups: { viewers: [KEY_PAIR_ID], others: ['KOTHEREXAMPLE1'] },
      distributions: {
        dist: distribution([originAt(origin.url)], more),
        other: distribution([originAt(origin.url, { originPath: '/other' })], { aliases: ['other.example.com'] }),
      },
    }),
  );
}

const ALL_COOKIES = { ...ALL_VIEWER, headersConfig: { headerBehavior: 'none', headers: [] } } as const;

export async function askSite(
  { s }: SiteEdge,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer & { readonly text: string }> {
  const answer = await s.get(target, { method, headers: { Host: HOST, ...headers } });
  return { ...answer, text: answer.body.toString() };
}

/** The whole of the answer to these bytes, as far as its head and a short body. */
export async function sendBytes(url: string, bytes: string): Promise<string> {
  const viewer = new RawViewer(url).send(bytes);
  await viewer.until(/\r\n\r\n[\s\S]*$/);
  viewer.socket.destroy();
  return viewer.received;
}

export function statusOf(received: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0);
}

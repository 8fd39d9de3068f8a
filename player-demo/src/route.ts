import { DELIVERIES, type Delivery } from './live/deliveries.ts';
import { CARRIERS, type CarrierName } from './player/carrier-names.ts';

/** The console's addresses, all in the hash, so that any static server can hold the page. */
export type Route =
  | { readonly page: 'library' }
  | { readonly page: 'sign-in'; readonly signInToken?: string }
  | { readonly page: 'watch'; readonly assetId: string; readonly carrier?: CarrierName }
  | { readonly page: 'play'; readonly url: string; readonly posterUrl?: string; readonly storyboardUrl?: string }
  | { readonly page: 'sign'; readonly assetId?: string }
  | { readonly page: 'keys' }
  | { readonly page: 'live' }
  | { readonly page: 'broadcast'; readonly streamId: string }
  | {
      readonly page: 'tune-in';
      readonly streamId: string;
      readonly delivery?: Delivery;
      readonly carrier?: CarrierName;
    }
  | { readonly page: 'lost' };

/** Reads `location.hash`; an address that is none of ours gives `lost`, never an exception. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = splitOnce(hash.replace(/^#/, ''), '?');
  const [first = '', second = '', ...rest] = path.split('/').filter(Boolean).map(decode);
  if (rest.length > 0) return { page: 'lost' };
  return readPage(first, second, new URLSearchParams(query));
}

function readPage(first: string, second: string, query: URLSearchParams): Route {
  switch (first) {
    case '':
      return { page: 'library' };
    case 'sign-in':
      return second ? { page: 'sign-in', signInToken: second } : { page: 'sign-in' };
    case 'watch':
      return second ? readWatch(second, query.get('carrier')) : { page: 'lost' };
    case 'play':
      return readPlay(query);
    case 'sign':
      return second ? { page: 'sign', assetId: second } : { page: 'sign' };
    case 'keys':
      return second ? { page: 'lost' } : { page: 'keys' };
    case 'live':
      return second ? { page: 'broadcast', streamId: second } : { page: 'live' };
    case 'tune-in':
      return second ? readTuneIn(second, query) : { page: 'lost' };
    default:
      return { page: 'lost' };
  }
}

function readWatch(assetId: string, wanted: string | null): Route {
  const carrier = CARRIERS.find((name) => name === wanted);
  return carrier ? { page: 'watch', assetId, carrier } : { page: 'watch', assetId };
}

function readTuneIn(streamId: string, query: URLSearchParams): Route {
  const delivery = DELIVERIES.find((name) => name === query.get('by'));
  const carrier = CARRIERS.find((name) => name === query.get('carrier'));
  return { page: 'tune-in', streamId, ...(delivery ? { delivery } : {}), ...(carrier ? { carrier } : {}) };
}

/** Beside the manifest, a link may name its poster and storyboard: a canned signature opens one file only. */
function readPlay(query: URLSearchParams): Route {
  const posterUrl = query.get('poster');
  const storyboardUrl = query.get('storyboard');
  return {
    page: 'play',
    url: query.get('url') ?? '',
    ...(posterUrl ? { posterUrl } : {}),
    ...(storyboardUrl ? { storyboardUrl } : {}),
  };
}

export function writeRoute(route: Route): string {
  switch (route.page) {
    case 'library':
    case 'lost':
      return '#/';
    case 'sign-in':
      return route.signInToken ? `#/sign-in/${encodeURIComponent(route.signInToken)}` : '#/sign-in';
    case 'watch':
      return `#/watch/${encodeURIComponent(route.assetId)}${route.carrier ? `?carrier=${route.carrier}` : ''}`;
    case 'play':
      return writePlay(route);
    case 'sign':
      return route.assetId ? `#/sign/${encodeURIComponent(route.assetId)}` : '#/sign';
    case 'keys':
      return '#/keys';
    case 'live':
      return '#/live';
    case 'broadcast':
      return `#/live/${encodeURIComponent(route.streamId)}`;
    case 'tune-in':
      return writeTuneIn(route);
  }
}

function writeTuneIn({ streamId, delivery, carrier }: Extract<Route, { page: 'tune-in' }>): string {
  const query = [...(delivery ? [`by=${delivery}`] : []), ...(carrier ? [`carrier=${carrier}`] : [])].join('&');
  return `#/tune-in/${encodeURIComponent(streamId)}${query && `?${query}`}`;
}

function writePlay({ url, posterUrl, storyboardUrl }: Extract<Route, { page: 'play' }>): string {
  const query = [`url=${encodeURIComponent(url)}`];
  if (posterUrl) query.push(`poster=${encodeURIComponent(posterUrl)}`);
  if (storyboardUrl) query.push(`storyboard=${encodeURIComponent(storyboardUrl)}`);
  return `#/play?${query.join('&')}`;
}

/** What a person pasted into the sign-in field: a whole link, its hash, or a bare token. */
export function readPastedCredential(text: string): { kind: 'sign-in' | 'token'; value: string } | undefined {
  const trimmed = text.trim();
  const link = /#\/sign-in\/([^\s/?#]+)/.exec(trimmed)?.[1];
  if (link) return { kind: 'sign-in', value: decode(link) };
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(trimmed)) return undefined;
  return { kind: claimedUse(trimmed) === 'sign-in' ? 'sign-in' : 'token', value: trimmed };
}

function claimedUse(jwt: string): unknown {
  try {
    const payload = jwt.split('.')[1] ?? '';
    return (JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { use?: unknown }).use;
  } catch {
    return undefined; // Not ours to judge: the server will say what is wrong with it.
  }
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A stray percent sign is kept as it was typed.
  }
}

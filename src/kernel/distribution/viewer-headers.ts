import type { FieldList } from '../http/fields.ts';
import type { Place } from '../place.ts';
import { type Device, readDevice } from './devices.ts';
import type { CachePolicyConfig, OriginRequestPolicyConfig } from './model.ts';

/** Fields that the edge writes itself: what a viewer says under such a name is never believed. */
export const VIEWER_FIELD_PREFIX = 'cloudfront-';

/** What an edge knows of whoever asks. */
export interface ViewerKnowledge {
  readonly userAgent: string | undefined;
  readonly address: string;
  readonly port: number | undefined;
  /** Undefined where nobody knows. */
  readonly place: Place | undefined;
  /** `1.1`, `2.0`. */
  readonly httpVersion: string;
  readonly scheme: 'http' | 'https';
  /** Where TLS ends at the edge. */
  readonly tls?: {
    /** As OpenSSL has it: `TLSv1.3`. */
    readonly version: string;
    readonly cipher: string;
    readonly handshake: 'fullHandshake' | 'sessionResumed' | 'connectionReused';
  };
  readonly rawHeaders: FieldList;
}

type Writer = (viewer: ViewerKnowledge, device: () => Device) => string | undefined;

const ofDevice =
  (property: keyof Device): Writer =>
  (_viewer, device) =>
    String(device()[property]);

const MAX_ORDER_LENGTH = 7_680;

/**
 * By lower-case name, how each is written. Absent, as CloudFront has them for unknown places: `-Country-Region-Name`,
 * `-Metro-Code` and `-Postal-Code`, which no database of ours tells, and the fingerprints `-JA3-` and `-JA4-`, since no
 * one shows us the handshake.
 */
const WRITERS: Readonly<Record<string, Writer>> = {
  'cloudfront-is-android-viewer': ofDevice('isAndroid'),
  'cloudfront-is-desktop-viewer': ofDevice('isDesktop'),
  'cloudfront-is-ios-viewer': ofDevice('isIos'),
  'cloudfront-is-mobile-viewer': ofDevice('isMobile'),
  'cloudfront-is-smarttv-viewer': ofDevice('isSmartTv'),
  'cloudfront-is-tablet-viewer': ofDevice('isTablet'),
  'cloudfront-viewer-address': ({ address, port }) => (port === undefined ? undefined : `${address}:${port}`),
  'cloudfront-viewer-asn': ({ place }) => numeral(place?.asn),
  'cloudfront-viewer-country': ({ place }) => place?.country,
  'cloudfront-viewer-country-name': ({ place }) => countryName(place?.country),
  'cloudfront-viewer-country-region': ({ place }) => place?.region,
  'cloudfront-viewer-city': ({ place }) => place?.city,
  'cloudfront-viewer-latitude': ({ place }) => degrees(place?.latitude),
  'cloudfront-viewer-longitude': ({ place }) => degrees(place?.longitude),
  'cloudfront-viewer-time-zone': ({ place }) => place?.timeZone,
  'cloudfront-viewer-http-version': ({ httpVersion }) => httpVersion,
  'cloudfront-viewer-header-count': ({ rawHeaders }) => String(rawHeaders.length / 2),
  'cloudfront-viewer-header-order': ({ rawHeaders }) =>
    rawHeaders
      .filter((_text, at) => at % 2 === 0)
      .join(':')
      .slice(0, MAX_ORDER_LENGTH),
  'cloudfront-viewer-tls': ({ tls }) => (tls ? `${tls.version}:${tls.cipher}:${tls.handshake}` : undefined),
  'cloudfront-forwarded-proto': ({ scheme }) => scheme,
};

const NOTHING: ReadonlyMap<string, string> = new Map();

/** The values of these fields for one viewer, by lower-case name; what is not known is not there. */
export function compileViewerHeaders(
  names: readonly string[],
): (viewer: ViewerKnowledge) => ReadonlyMap<string, string> {
  const wanted = names.flatMap((name) => {
    const lower = name.toLowerCase();
    return Object.hasOwn(WRITERS, lower) ? [[lower, WRITERS[lower] as Writer] as const] : [];
  });
  if (wanted.length === 0) return () => NOTHING;
  return (viewer) => {
    let device: Device | undefined;
    const deviceOf = () => {
      device ??= readDevice(viewer.userAgent);
      return device;
    };
    const values = new Map<string, string>();
    for (const [name, write] of wanted) {
      const value = write(viewer, deviceOf);
      if (value !== undefined) values.set(name, inAscii(value));
    }
    return values;
  };
}

/** The `CloudFront-*` fields that the two policies name, in their spelling. */
export function namedViewerFields(
  cachePolicy: CachePolicyConfig,
  policy: OriginRequestPolicyConfig | undefined,
): string[] {
  const key = cachePolicy.parametersInCacheKeyAndForwardedToOrigin.headersConfig;
  const asked = policy?.headersConfig;
  const lists = asked?.headerBehavior === 'whitelist' || asked?.headerBehavior === 'allViewerAndWhitelistCloudFront';
  const names = [...(key.headerBehavior === 'none' ? [] : key.headers), ...(lists ? asked.headers : [])];
  const named = new Map<string, string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (lower.startsWith(VIEWER_FIELD_PREFIX) && !named.has(lower)) named.set(lower, name);
  }
  return [...named.values()];
}

/** In a cache policy these would give each viewer a copy of his own: CloudFront takes them in an origin request policy only. */
const NEVER_KEYED: ReadonlySet<string> = new Set([
  ...['cloudfront-viewer-address', 'cloudfront-viewer-asn', 'cloudfront-viewer-tls'],
  ...['cloudfront-viewer-ja3-fingerprint', 'cloudfront-viewer-ja4-fingerprint'],
]);

export function mayBeKeyed(headerName: string): boolean {
  return !NEVER_KEYED.has(headerName.toLowerCase());
}

function numeral(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** To about ten metres: databases know places, not people. */
function degrees(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(Math.round(value * 10_000) / 10_000);
}

const countries = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

function countryName(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Z]{2}$/.test(code) ? countries.of(code) : undefined;
}

function inAscii(value: string): string {
  return value.toWellFormed().replace(/[^\x20-\x7e]+/g, encodeURIComponent);
}

import { type FieldList, fieldOf, isFieldName, isFieldValue, withoutFields } from '../http/fields.ts';
import { isHopByHop } from '../http/hop-by-hop.ts';
import { compileCors, type PageRequest } from './cors.ts';
import type { ResponseHeadersPolicyConfig, SecurityHeadersConfig } from './model.ts';

/** What of a request bears on the fields of its answer. */
export interface Asked extends PageRequest {
  readonly method: string;
  /** Absent where nobody can say, as for an answer that was made before a policy was known. */
  readonly timing?: Timing;
}

export interface Timing {
  /** Whether the viewer asks to be told (`Pragma: server-timing`). */
  readonly isWanted: boolean;
  /** At least 0 and below 100, drawn anew for each answer: below the sampling rate it tells. */
  readonly draw: number;
  /** Whether the origin was not asked: what it said about its times was about another request. */
  readonly isHit: boolean;
  /** The value of `Server-Timing`; called only when it is sent. */
  metrics(): string;
}

/**
 * What a response headers policy makes of the fields of an answer, whoever made that: it takes some away, then adds what
 * pages may read, what browsers shall be careful about, what the operator wants, and times. A field taken away and added is
 * there. `Vary: Origin` stands where another page would be answered otherwise.
 */
export function compileResponseHeaders(
  policy: ResponseHeadersPolicyConfig,
): (fields: FieldList, asked: Asked) => string[] {
  const removed = removedNames(policy);
  const cors = policy.corsConfig ? compileCors(policy.corsConfig) : undefined;
  const rules = [...securityRules(policy.securityHeadersConfig), ...customRules(policy)];
  const overridden = new Set(rules.filter((rule) => rule.override).map(({ lower }) => lower));
  const timing = policy.serverTimingHeadersConfig;
  return (fields, asked) => {
    let all: FieldList = removed.size === 0 ? fields : withoutFields(fields, removed);
    if (removed.has('server') && fieldOf(fields, 'server') !== undefined) all = [...all, 'Server', 'frontrow'];
    if (cors) all = cors(all, asked);
    const before = all;
    const written = overridden.size === 0 ? [...all] : withoutFields(all, overridden);
    for (const { name, lower, value, override } of rules)
      if (override || fieldOf(before, lower) === undefined) written.push(name, value);
    return timing?.enabled && asked.timing ? timed(written, asked.timing, timing.samplingRate) : written;
  };
}

interface Rule {
  readonly name: string;
  readonly lower: string;
  readonly value: string;
  readonly override: boolean;
}

function rule(name: string, value: string, override: boolean): Rule {
  return { name, lower: name.toLowerCase(), value, override };
}

function securityRules(config: SecurityHeadersConfig | undefined): Rule[] {
  if (!config) return [];
  const { contentSecurityPolicy: content, contentTypeOptions: type, frameOptions: frame } = config;
  const { referrerPolicy: referrer, strictTransportSecurity: transport, xssProtection: xss } = config;
  const rules: Rule[] = [];
  if (content) rules.push(rule('Content-Security-Policy', content.contentSecurityPolicy, content.override));
  if (type) rules.push(rule('X-Content-Type-Options', 'nosniff', type.override));
  if (frame) rules.push(rule('X-Frame-Options', frame.frameOption, frame.override));
  if (referrer) rules.push(rule('Referrer-Policy', referrer.referrerPolicy, referrer.override));
  if (transport) rules.push(rule('Strict-Transport-Security', transportSecurity(transport), transport.override));
  if (xss) rules.push(rule('X-XSS-Protection', xssProtection(xss), xss.override));
  return rules.filter(({ value }) => isFieldValue(value));
}

type Given<Name extends keyof SecurityHeadersConfig> = NonNullable<SecurityHeadersConfig[Name]>;

function transportSecurity(given: Given<'strictTransportSecurity'>): string {
  const { accessControlMaxAgeSec, includeSubdomains, preload } = given;
  return `max-age=${accessControlMaxAgeSec}${includeSubdomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`;
}

function xssProtection({ protection, modeBlock, reportUri }: Given<'xssProtection'>): string {
  if (!protection) return '0';
  if (modeBlock) return '1; mode=block';
  return reportUri === undefined || reportUri === '' ? '1' : `1; report=${reportUri}`;
}

/** What cannot be sent would end every answer: it is not sent. */
function customRules({ customHeadersConfig }: ResponseHeadersPolicyConfig): Rule[] {
  return customHeadersConfig
    .filter(({ header, value }) => isFieldName(header) && isFieldValue(value) && !isProtected(header))
    .map(({ header, value, override }) => rule(header, value, override));
}

const PROTECTED: ReadonlySet<string> = new Set([
  ...['content-encoding', 'content-length', 'expect', 'host', 'via', 'warning', 'x-cache', 'x-real-ip'],
  ...['x-forwarded-proto', 'x-frontrow-id', 'cache-status', 'age', 'date'],
]);
const PROTECTED_PREFIXES: readonly string[] = ['x-accel-', 'x-amz-cf-', 'x-amzn-', 'x-edge-'];

/** Without these a message could not be read, or nobody could tell which way it went. */
function isProtected(name: string): boolean {
  const lower = name.toLowerCase();
  return PROTECTED.has(lower) || isHopByHop(lower) || PROTECTED_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

function removedNames({ removeHeadersConfig }: ResponseHeadersPolicyConfig): ReadonlySet<string> {
  return new Set(removeHeadersConfig.filter((name) => !isProtected(name)).map((name) => name.toLowerCase()));
}

const SERVER_TIMING: ReadonlySet<string> = new Set(['server-timing']);

function timed(fields: string[], timing: Timing, samplingRate: number): string[] {
  const kept = timing.isHit ? withoutFields(fields, SERVER_TIMING) : fields;
  if (timing.isWanted || timing.draw < samplingRate) kept.push('Server-Timing', timing.metrics());
  return kept;
}

/** `scheme://host:port`, of which only the host must be there; a `*` for a first label or in the port. */
const PATTERN = /^(?:([a-z][a-z0-9+.-]*):\/\/)?((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([\d*]{1,6}))?$/i;

/** Whether it names web origins as CloudFront lets them be named. */
export function isOriginPattern(text: string): boolean {
  return text === '*' || PATTERN.test(text);
}

/**
 * A test of an `Origin`. `*.example.org` is for all below it, not for itself; without a scheme it is for http and https;
 * without a port for the usual one. What is no pattern fits nothing.
 */
export function compileOrigins(patterns: readonly string[]): (origin: string) => boolean {
  if (patterns.includes('*')) return () => true;
  const exact = new Set(patterns.map((pattern) => pattern.toLowerCase()));
  const wild = patterns.flatMap((pattern) => expressionOf(pattern) ?? []);
  return (origin) => exact.has(origin) || wild.some((expression) => expression.test(origin));
}

function expressionOf(pattern: string): RegExp | undefined {
  const [, scheme, host, port] = PATTERN.exec(pattern) ?? [];
  if (host === undefined) return undefined;
  const hosts = host.startsWith('*.') ? `[\\w.-]+\\.${escaped(host.slice(2))}` : escaped(host);
  return new RegExp(`^${scheme === undefined ? 'https?' : escaped(scheme)}://${hosts}${ports(port)}$`, 'i');
}

/** Any port may also be the usual one, which browsers do not write. */
function ports(port: string | undefined): string {
  if (port === undefined) return '';
  return /^\*+$/.test(port) ? '(?::\\d+)?' : `:${port.replace(/\*+/g, '\\d*')}`;
}

function escaped(text: string): string {
  return text.replace(/[.+]/g, '\\$&');
}

import type { FastifyInstance } from 'fastify';

/** Response headers that pages of other origins may read: tus clients need nearly all of them. */
const EXPOSED = [
  'ETag',
  'Location',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Defer-Length',
  'Upload-Expires',
  'Upload-Metadata',
  'Upload-Checksum',
  'Tus-Resumable',
  'Tus-Version',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Checksum-Algorithm',
  'Retry-After',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'X-Request-Id',
].join(', ');

const ALLOWED = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'Tus-Resumable',
  'Upload-Length',
  'Upload-Offset',
  'Upload-Defer-Length',
  'Upload-Metadata',
  'Upload-Checksum',
  'Upload-Concat',
  'X-HTTP-Method-Override',
  'X-Requested-With',
  'X-Request-Id',
].join(', ');

/**
 * CORS for the API: any origin may call it, since a bearer token is the only credential and no cookie is ever read; the
 * answers therefore never allow credentials.
 */
export function allowOtherOrigins(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/v1/')) return;
    reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', EXPOSED);
    if (request.method !== 'OPTIONS') return;
    reply
      .header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
      .header('access-control-allow-headers', ALLOWED)
      .header('access-control-max-age', '86400');
  });
  app.options('/v1/*', { schema: { hide: true } }, async (_request, reply) => reply.code(204).send());
}

/** What browsers must not do with our answers, on every one of them. `edgeUrls` are where the console's media lies. */
export function secureAnswers(app: FastifyInstance, edgeUrls: () => Promise<readonly string[]>): void {
  app.addHook('onSend', async (request, reply) => {
    reply
      .header('x-request-id', request.id)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('x-frame-options', 'DENY');
    // A 304 has no type to judge by, and its fields replace those of the stored page: the page's own policy must stand.
    if (reply.statusCode === 304 || reply.hasHeader('content-security-policy')) return;
    const isPage = String(reply.getHeader('content-type') ?? '').startsWith('text/html');
    reply.header('content-security-policy', isPage ? pagePolicy(await edgeUrls()) : ANSWER_POLICY);
    if (isPage) reply.header('permissions-policy', PAGE_PERMISSIONS);
  });
}

const ANSWER_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Going live from the console takes a camera or the screen; nothing on it asks for more. */
const PAGE_PERMISSIONS = [
  ...['camera', 'microphone', 'display-capture', 'autoplay', 'fullscreen', 'picture-in-picture'].map(
    (feature) => `${feature}=(self)`,
  ),
  ...['geolocation', 'payment', 'usb', 'serial', 'hid', 'midi'].map((feature) => `${feature}=()`),
].join(', ');

/**
 * The console: its own scripts only; media, pictures, playlists and live channels from the edges; blobs for hls.js, which
 * feeds the player through MediaSource and transmuxes in a worker. Styles may be inline because media-chrome's components
 * are.
 */
function pagePolicy(edgeUrls: readonly string[]): string {
  const origins = edgeUrls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin);
  const edges = [...new Set(origins)].join(' ');
  const channels = edges.replaceAll(/\bhttp/g, 'ws');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    `img-src 'self' data: blob: ${edges}`,
    `media-src 'self' blob: ${edges}`,
    `connect-src 'self' ${edges} ${channels}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]
    .map((directive) => directive.trim())
    .join('; ');
}

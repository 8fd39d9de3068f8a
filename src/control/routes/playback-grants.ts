import { normalAddress } from '../../kernel/address.ts';
import { Fault } from '../../kernel/errors.ts';
import { GrantIssuer, type Watched } from '../grants.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { GrantSchema, NewGrant, PROBLEMS } from '../schemas.ts';

export interface GrantRouteParts extends RouteParts {
  readonly streams: { find(streamId: string): Promise<unknown> };
}

export function playbackGrantRoutes(app: ControlApp, parts: GrantRouteParts): void {
  const issuer = new GrantIssuer(parts.secrets.grantKey);

  app.post(
    '/v1/playback-grants',
    {
      onRequest: parts.requires('grants:write'),
      // Nearly all of the answer is secret, so none of it is kept; a second grant does no harm. It changes nothing here,
      // and there is one for each viewer.
      config: { idempotent: false, audit: false },
      schema: {
        operationId: 'createPlaybackGrant',
        summary: 'Sign a grant for a film or a live stream',
        description: "By the server's own key, in every carrier: signed URLs, cookies, a token.",
        tags: ['access'],
        body: NewGrant,
        response: { 201: GrantSchema, ...PROBLEMS },
      },
    },
    async ({ body }, reply) => {
      const watched = await watchedBy(body);
      await keyMustStand();
      const expiresAtMs = Math.floor(parts.clock.now() / 1000 + (body.expiresInSeconds ?? 3_600)) * 1000;
      const startsAtMs = body.startsAt === undefined ? undefined : Date.parse(body.startsAt);
      if (startsAtMs !== undefined && startsAtMs >= expiresAtMs) {
        throw new Fault('INVALID_REQUEST', { says: 'body.startsAt lies behind the end of the grant.' });
      }
      const terms = {
        watched,
        expiresAtMs,
        ...(startsAtMs === undefined ? {} : { startsAtMs }),
        ...(body.ip === undefined ? {} : { ip: body.ip }),
      };
      return reply.code(201).send(issuer.issue(terms, await edgeFor(body.viewerAddress)));
    },
  );

  /** @throws Fault NOT_FOUND, INVALID_REQUEST unless one thing is named */
  async function watchedBy({ assetId, streamId }: { assetId?: string; streamId?: string }): Promise<Watched> {
    if (assetId !== undefined && streamId === undefined) {
      const asset = await parts.assets.find(assetId);
      if (!asset) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
      return { assetId, hasManifest: asset.encryption === undefined };
    }
    if (streamId === undefined || assetId !== undefined)
      throw new Fault('INVALID_REQUEST', { says: 'body has one of assetId and streamId.' });
    if (!(await parts.streams.find(streamId)))
      throw new Fault('NOT_FOUND', { says: 'There is no live stream with this id.' });
    return { streamId };
  }

  /** A signed URL is of one host, so the way to the nearest edge is chosen before it is signed. */
  async function edgeFor(address: string | undefined): Promise<string> {
    if (address === undefined) return parts.urls().edge;
    const known = normalAddress(address);
    if (known === undefined) throw new Fault('INVALID_REQUEST', { says: 'body.viewerAddress is no IP address.' });
    return parts.nearest.urlFor(known);
  }

  /** Edges refuse what a revoked key signed, so a grant by it would be a promise nobody keeps. */
  async function keyMustStand(): Promise<void> {
    const key = await parts.keys.find(issuer.keyPairId);
    if (key && key.revokedAtMs === undefined) return;
    throw new Fault('CONFLICT', {
      says: `The server's own key ${issuer.keyPairId} was revoked. Restart the server with a new one: remove grantKey from secrets.json. Or sign with a key of your own.`,
    });
  }
}

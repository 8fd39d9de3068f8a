import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kernel/errors.ts';
import { isId } from '../../kernel/ids.ts';
import { type ClipParts, Clips } from '../clips.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { AssetSchema, NewClip, PROBLEMS } from '../schemas.ts';

export type ClipRouteParts = Omit<ClipParts, 'assets' | 'signals'> &
  Pick<RouteParts, 'assets' | 'requires' | 'signals' | 'announce' | 'view'>;

/** Makes an asset of a part of another. */
export function clipRoutes(app: ControlApp, parts: ClipRouteParts): void {
  const clips = new Clips(parts);
  app.post(
    '/v1/assets/:assetId/clips',
    {
      onRequest: parts.requires('assets:write'),
      schema: {
        operationId: 'clipAsset',
        tags: ['assets'],
        summary: 'Make a clip of an asset',
        description:
          'Makes a new asset of a part of one that is ready, or of a broadcast that is being recorded. Nothing is encoded: the clip has the segments that the span touches, so it may begin a little sooner and end a little later, which its `clip` tells, and is ready at once. Players begin where the span does. Neither asset needs the other. Subtitles come along, as far as they say something in it.',
        params: Type.Object({ assetId: Type.String({ maxLength: 100 }) }),
        body: NewClip,
        response: { 201: AssetSchema, ...PROBLEMS },
      },
    },
    async ({ params: { assetId }, body }, reply) => {
      const asset = isId(assetId, 'as') ? await parts.assets.find(assetId) : undefined;
      if (!asset) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
      const clip = await clips.make(asset, body);
      parts.announce(clip.id);
      return reply.code(201).header('location', `/v1/assets/${clip.id}`).send(parts.view(clip));
    },
  );
}

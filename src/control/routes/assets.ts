import { Type } from '@fastify/type-provider-typebox';
import type { Asset } from '../../database/assets.ts';
import { Fault } from '../../kernel/errors.ts';
import { isId } from '../../kernel/ids.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { AssetPage, AssetSchema, Page, Policy, PROBLEMS, Title } from '../schemas.ts';

const Id = Type.Object({ assetId: Type.String({ maxLength: 100 }) });
const Change = Type.Object(
  { title: Type.Optional(Title), policy: Type.Optional(Policy) },
  {
    title: 'AssetChange',
    examples: [{ title: 'Harbour', policy: 'signed' }],
    additionalProperties: false,
    minProperties: 1,
  },
);

export function assetRoutes(app: ControlApp, parts: RouteParts): void {
  const { assets, view, removal, announce } = parts;
  const read = parts.requires('assets:read');
  const write = parts.requires('assets:write');
  const tags = ['assets'];

  app.get(
    '/v1/assets',
    {
      onRequest: read,
      schema: {
        operationId: 'listAssets',
        summary: 'List films',
        description: 'Newest first, a page at a time.',
        tags,
        querystring: Page,
        response: { 200: AssetPage, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? 50;
      // One more than asked for tells whether there is a next page without a second query.
      const found = await assets.list(limit + 1, query.cursor === undefined ? undefined : parseCursor(query.cursor));
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items: items.map(view), nextCursor: found.length > limit && last ? writeCursor(last) : null };
    },
  );

  app.get(
    '/v1/assets/:assetId',
    {
      onRequest: read,
      schema: {
        operationId: 'getAsset',
        summary: 'Show a film',
        description: 'With its state, its renditions and the addresses it plays from.',
        tags,
        params: Id,
        response: { 200: AssetSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => view(await known(params.assetId)),
  );

  app.patch(
    '/v1/assets/:assetId',
    {
      onRequest: write,
      schema: {
        operationId: 'editAsset',
        summary: "Change a film's title or policy",
        description: 'A change of policy counts for what is asked for from now on.',
        tags,
        params: Id,
        body: Change,
        response: { 200: AssetSchema, ...PROBLEMS },
      },
    },
    async ({ params, body, audit }) => {
      const asset = await known(params.assetId);
      audit.about({ before: view(asset) });
      await assets.edit(asset.id, body);
      announce(asset.id);
      return view(await known(asset.id));
    },
  );

  app.delete(
    '/v1/assets/:assetId',
    {
      onRequest: write,
      schema: {
        operationId: 'deleteAsset',
        summary: 'Delete a film',
        description: 'With everything made from it. Edges are told, so that nothing stored of it is served.',
        tags,
        params: Id,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, audit }, reply) => {
      const asset = await known(params.assetId);
      audit.about({ before: view(asset) });
      await removal.remove(asset.id);
      return reply.code(204).send(null);
    },
  );

  /** @throws Fault NOT_FOUND, for a malformed id too: nothing can be at that address. */
  async function known(assetId: string): Promise<Asset> {
    const asset = isId(assetId, 'as') ? await assets.find(assetId) : undefined;
    if (!asset) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
    return asset;
  }
}

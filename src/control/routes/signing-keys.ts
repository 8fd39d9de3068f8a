import { Type } from '@fastify/type-provider-typebox';
import type { SigningKey } from '../../database/signing-keys.ts';
import { algorithmOf, makeKeyPair, parsePublicKey } from '../../kernel/access/key-pair.ts';
import { Fault } from '../../kernel/errors.ts';
import { newKeyPairId } from '../../kernel/ids.ts';
import { EDGE_CONFIG } from '../../queue/signals.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { NewSigningKey, PROBLEMS, SigningKeySchema } from '../schemas.ts';

const tags = ['access'];

export function signingKeyRoutes(app: ControlApp, parts: RouteParts): void {
  const { keys, signals } = parts;
  const write = parts.requires('keys:write');

  app.post(
    '/v1/signing-keys',
    {
      onRequest: write,
      config: { secretFields: ['privateKeyPem'] },
      schema: {
        operationId: 'createSigningKey',
        summary: 'Make or register a signing key',
        description:
          'Makes a pair and shows its private half this once; or registers the public half of a pair that you have. Edges accept what it signs within a second.',
        tags,
        body: NewSigningKey,
        response: { 201: SigningKeySchema, ...PROBLEMS },
      },
    },
    async ({ body, audit }, reply) => {
      const keyPairId = newKeyPairId();
      const pair = body.publicKeyPem ? registered(body.publicKeyPem, body.algorithm) : undefined;
      const made = pair ? undefined : await makeKeyPair(body.algorithm ?? 'RSA');
      const { algorithm, publicKeyPem } = pair ?? made ?? {};
      if (!algorithm || !publicKeyPem) throw new Fault('INTERNAL');
      const wanted = { keyPairId, name: body.name ?? keyPairId, owner: 'user' as const, algorithm, publicKeyPem };
      const key = await keys.add(wanted, (trx, added) => audit.record({ id: keyPairId, after: viewKey(added) }, trx));
      signals.notify(EDGE_CONFIG);
      return reply.code(201).send({ ...viewKey(key), ...(made ? { privateKeyPem: made.privateKeyPem } : {}) });
    },
  );

  app.get(
    '/v1/signing-keys',
    {
      onRequest: parts.requires('keys:read'),
      schema: {
        operationId: 'listSigningKeys',
        summary: 'List signing keys',
        description: "The server's own and revoked ones too; never a private half.",
        tags,
        response: { 200: Type.Object({ items: Type.Array(SigningKeySchema) }), ...PROBLEMS },
      },
    },
    async () => ({ items: (await keys.list()).map(viewKey) }),
  );

  app.delete(
    '/v1/signing-keys/:keyPairId',
    {
      onRequest: write,
      schema: {
        operationId: 'revokeSigningKey',
        summary: 'Revoke a signing key',
        description: 'Nothing that it signed is accepted from now on, whatever its expiry. It cannot be taken back.',
        tags,
        params: Type.Object({ keyPairId: Type.String({ maxLength: 100 }) }),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, audit }, reply) => {
      const isRevoked = await keys.revoke(params.keyPairId, (trx, key) => audit.record({ before: viewKey(key) }, trx));
      if (!isRevoked) throw new Fault('NOT_FOUND', { says: 'There is no signing key with this id.' });
      signals.notify(EDGE_CONFIG);
      return reply.code(204).send(null);
    },
  );
}

/** @throws Fault SIGNING_KEY_INVALID for what is no usable public key, INVALID_REQUEST when `wanted` says otherwise. */
function registered(pem: string, wanted: 'RSA' | 'ECDSA' | undefined) {
  const key = parsePublicKey(pem);
  const algorithm = algorithmOf(key);
  if (wanted !== undefined && wanted !== algorithm) {
    throw new Fault('INVALID_REQUEST', { says: `body.algorithm says ${wanted}, but the key is ${algorithm}.` });
  }
  return { algorithm, publicKeyPem: key.export({ type: 'spki', format: 'pem' }).toString() };
}

function viewKey(key: SigningKey) {
  const { keyPairId, name, owner, algorithm, publicKeyPem } = key;
  return {
    keyPairId,
    name,
    owner,
    algorithm,
    publicKeyPem,
    createdAt: new Date(key.createdAtMs).toISOString(),
    ...(key.revokedAtMs === undefined ? {} : { revokedAt: new Date(key.revokedAtMs).toISOString() }),
  };
}

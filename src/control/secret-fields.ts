import type { FastifyRequest } from 'fastify';

/** A value as JSON without the fields that the route names as secrets, at any depth. */
export function writeWithoutSecrets(value: unknown, request: FastifyRequest): string {
  const secrets = request.routeOptions.config.secretFields ?? [];
  return JSON.stringify(value, (key, inner) => (secrets.includes(key) ? undefined : inner));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Fields of these names, at any depth of an answer or a change, are shown once and never kept. */
    secretFields?: readonly string[];
  }
}

import type { FastifyInstance } from 'fastify';
import { SettingsError } from '../config/settings.ts';
import { parseTrust } from '../kernel/address.ts';
import { readXForwarded } from '../kernel/http/forwarded.ts';

/** Whose word about who asks counts. @throws SettingsError for what names no proxy */
export function trustOf(trustedProxies: string): (address: string) => boolean {
  const trusts = parseTrust(trustedProxies);
  if (trusts) return trusts;
  throw new SettingsError('FRONTROW_TRUSTED_PROXIES must be addresses and ranges such as 10.0.0.0/8, with commas');
}

/**
 * Leaves of `X-Forwarded-For` the addresses behind the last word that is none, without ports, as edges read it: fastify
 * takes any word for who asks, so that a new one would be a new caller each time. Register first of all.
 */
export function readProxies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    const told = headers['x-forwarded-for'];
    if (typeof told !== 'string') return;
    const { chain } = readXForwarded(told, undefined);
    headers['x-forwarded-for'] = chain.slice(chain.lastIndexOf(undefined) + 1).join(', ');
  });
}

import type { Command, Given, Option } from './command.ts';
import { usage } from './failure.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';
import { parseMoment } from './times.ts';

interface TokenView {
  readonly tokenId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly madeBy: { readonly userId?: string; readonly tokenId?: string };
  readonly expiresAt: string;
  readonly lastUsedAt?: string;
  readonly revokedAt?: string;
  /** Only in the answer that made it. */
  readonly token?: string;
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];

/** What a token or a user may do. */
export const SCOPE_OPTION: Option = {
  flags: '--scope <scope>',
  says: 'what it lets do, such as assets:read (docs/scopes.md); may be given several times',
  repeats: true,
};

/** A span or a date as the API wants it. @throws Failure USAGE */
export function secondsUntil(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const now = Date.now();
  const seconds = Math.floor((parseMoment(text, `--${name}`, now) - now) / 1000);
  if (seconds < 1) throw usage(`--${name} lies in the past.`);
  return seconds;
}

const create: Command = {
  name: 'create',
  says: 'make an API token and show it, this once',
  takes: [{ name: '<name>', says: 'what it is for' }],
  options: [
    SCOPE_OPTION,
    { flags: '--expires <when>', says: 'its end: a span such as 90d, or a date (default a year)' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const scopes = given.texts('scope');
    if (scopes.length === 0) throw usage('A token needs a --scope at least.');
    const wanted = { name: given.argument('name'), scopes, expiresInSeconds: secondsUntil(given, 'expires') };
    const api = await findServer(given);
    const token = await api.call<TokenView>('POST', '/v1/tokens', wanted);
    terminal.answer(token, [token.tokenId, token.token ?? '']);
    terminal.note('Keep the token: it is not stored and not shown again.');
  },
};

const list: Command = {
  name: 'list',
  says: 'list API tokens, revoked ones too',
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const page = await api.call<{ items: readonly TokenView[] }>('GET', '/v1/tokens');
    const now = new Date().toISOString();
    const rows = page.items.map((token) => [
      token.tokenId,
      stateOf(token, now),
      token.lastUsedAt ?? 'never',
      token.madeBy.tokenId ?? token.madeBy.userId ?? 'server',
      token.name,
      token.scopes.join(' '),
    ]);
    terminal.answer(page, tableLines(['TOKEN', 'STATE', 'LAST USED', 'MADE BY', 'NAME', 'SCOPES'], rows));
  },
};

function stateOf({ revokedAt, expiresAt }: TokenView, now: string): string {
  if (revokedAt !== undefined) return `revoked ${revokedAt}`;
  return expiresAt > now ? `until ${expiresAt}` : `expired ${expiresAt}`;
}

const revoke: Command = {
  name: 'revoke',
  says: 'refuse a token, and those that were made with it, from now on',
  takes: [{ name: '<tokenId>', says: 'such as tok_k3v9mn2p4q7r8s5t' }],
  options: OPTIONS,
  async run(given, terminal) {
    const tokenId = given.argument('tokenId');
    const api = await findServer(given);
    await api.call('DELETE', `/v1/tokens/${encodeURIComponent(tokenId)}`);
    terminal.answer({ tokenId, revoked: true }, [`${tokenId} is revoked.`]);
  },
};

export const token: Command = {
  name: 'token',
  says: 'make, list and revoke API tokens',
  children: [create, list, revoke],
};

import type { Command } from './command.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

interface AuditRecord {
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id?: string; readonly name?: string };
  readonly address: string;
  readonly operation: string;
  readonly resource: { readonly kind: string; readonly id?: string };
}

export const audit: Command = {
  name: 'audit',
  says: 'list who changed what, newest first; with --json also what was there before and after',
  options: [
    { flags: '--resource <what>', says: 'a collection such as assets, or one of it: assets/as_k3v9mn2p4q7r8s5t' },
    { flags: '--actor <id>', says: 'the id of a user or token' },
    { flags: '--since <date>', says: 'from then on, such as 2030-01-31T12:00:00Z' },
    { flags: '--until <date>', says: 'before then' },
    { flags: '--limit <count>', says: 'so many at most, up to 200 (default 50)' },
    ...SERVER_OPTIONS,
    JSON_OPTION,
  ],
  async run(given, terminal) {
    const query = new URLSearchParams();
    for (const name of ['resource', 'actor', 'since', 'until']) {
      const value = given.text(name);
      if (value !== undefined) query.set(name, value);
    }
    query.set('limit', String(given.integer('limit', 1, 200) ?? 50));
    const api = await findServer(given);
    const page = await api.call<{ items: readonly AuditRecord[] }>('GET', `/v1/audit-log?${query}`);
    const rows = page.items.map(({ at, actor, address, operation, resource }) => [
      at,
      actor.name ?? actor.kind,
      address,
      operation,
      [resource.kind, resource.id].filter((part) => part !== undefined).join('/'),
    ]);
    terminal.answer(page, tableLines(['WHEN', 'WHO', 'FROM', 'DID', 'TO'], rows));
  },
};

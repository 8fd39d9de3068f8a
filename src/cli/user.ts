import type { Command } from './command.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';
import { SCOPE_OPTION, secondsUntil } from './token.ts';

interface UserView {
  readonly userId: string;
  readonly name: string;
  readonly email?: string;
  readonly role?: string;
  readonly scopes: readonly string[];
  readonly enabled: boolean;
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const WHO = { name: '<userId>', says: 'such as usr_k3v9mn2p4q7r8s5t' };

const pathOf = (userId: string) => `/v1/users/${encodeURIComponent(userId)}`;

const add: Command = {
  name: 'add',
  says: 'add a user; there are no passwords: `frontrow user link` makes a link that signs him in',
  takes: [{ name: '<name>', says: 'whom' }],
  options: [
    { flags: '--email <address>', says: 'where he is reached' },
    { flags: '--role <role>', says: 'what he may do', choices: ['admin', 'operator', 'editor', 'reader'] },
    SCOPE_OPTION,
    ...OPTIONS,
  ],
  async run(given, terminal) {
    given.atMostOne('role', 'scope');
    const scopes = given.texts('scope');
    const wanted = {
      name: given.argument('name'),
      email: given.text('email'),
      role: given.text('role'),
      ...(scopes.length === 0 ? {} : { scopes }),
    };
    const api = await findServer(given);
    const user = await api.call<UserView>('POST', '/v1/users', wanted);
    terminal.answer(user, [user.userId]);
    terminal.note(`Sign ${user.name} in by the link that \`frontrow user link ${user.userId}\` prints.`);
  },
};

const list: Command = {
  name: 'list',
  says: 'list users, disabled ones too',
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const page = await api.call<{ items: readonly UserView[] }>('GET', '/v1/users');
    const rows = page.items.map((user) => [
      user.userId,
      user.enabled ? 'enabled' : 'disabled',
      user.role ?? user.scopes.join(' '),
      user.name,
      user.email ?? '',
    ]);
    terminal.answer(page, tableLines(['USER', 'STATE', 'MAY', 'NAME', 'E-MAIL'], rows));
  },
};

/** `disable` and `enable` differ in one word. */
function turn(name: 'disable' | 'enable', says: string): Command {
  return {
    name,
    says,
    takes: [WHO],
    options: OPTIONS,
    async run(given, terminal) {
      const api = await findServer(given);
      const change = { enabled: name === 'enable' };
      const user = await api.call<UserView>('PATCH', pathOf(given.argument('userId')), change);
      terminal.answer(user, [`${user.name} is ${name}d.`]);
    },
  };
}

const remove: Command = {
  name: 'delete',
  says: 'delete a user, and revoke every token he made',
  takes: [WHO],
  options: OPTIONS,
  async run(given, terminal) {
    const userId = given.argument('userId');
    const api = await findServer(given);
    await api.call('DELETE', pathOf(userId));
    terminal.answer({ userId, deleted: true }, [`${userId} is deleted.`]);
  },
};

const link: Command = {
  name: 'link',
  says: 'make a link that signs a user in, once',
  takes: [WHO],
  options: [
    { flags: '--expires <when>', says: 'until when: a span such as 2h, or a date (default a day)' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const expiresInSeconds = secondsUntil(given, 'expires');
    const api = await findServer(given);
    const path = `${pathOf(given.argument('userId'))}/sign-in-links`;
    const made = await api.call<{ signInUrl: string }>('POST', path, { expiresInSeconds });
    terminal.answer(made, [made.signInUrl]);
  },
};

export const user: Command = {
  name: 'user',
  says: 'add, list, disable, enable, delete and sign in users',
  children: [
    add,
    list,
    turn('disable', 'sign a user out and keep him out; his tokens give nothing'),
    turn('enable', 'let a disabled user in again'),
    remove,
    link,
  ],
};

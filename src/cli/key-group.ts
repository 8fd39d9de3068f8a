import type { Command } from './command.ts';
import {
  createDocument,
  deleteDocument,
  KEY_GROUP,
  listDocuments,
  readDocument,
  replaceDocument,
  warningLines,
} from './configuration.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const ID = { name: '<id>', says: 'such as kg_k3v9…' };
const KEYS = { name: '[keyPairIds...]', says: 'signing keys that are trusted together' };
const JWKS = { flags: '--jwks <url>', says: 'where an identity provider publishes the keys of its tokens' };

const list: Command = {
  name: 'list',
  says: 'list key groups',
  options: OPTIONS,
  async run(given, terminal) {
    const items = await listDocuments(await findServer(given), KEY_GROUP);
    const rows = items.map(({ id, config }) => {
      const keys = config.items as readonly string[];
      return [id, `${config.name}`, keys.join(' ') || '-', `${config.jwksUrl ?? '-'}`, `${config.comment}`];
    });
    terminal.answer({ items }, tableLines(['KEY GROUP', 'NAME', 'KEYS', 'JWKS', 'COMMENT'], rows));
  },
};

const create: Command = {
  name: 'create',
  says: 'make a key group',
  takes: [{ name: '<name>', says: 'such as backend' }, KEYS],
  options: [JWKS, { flags: '--comment <text>', says: 'what it is for' }, ...OPTIONS],
  async run(given, terminal) {
    const [name = '', ...items] = given.all;
    const config = { name, items, comment: given.text('comment'), jwksUrl: given.text('jwks') };
    const made = await createDocument(await findServer(given), KEY_GROUP, config);
    terminal.answer(made, [`${made.id} is made.`, ...warningLines(made)]);
  },
};

const update: Command = {
  name: 'update',
  says: 'change the keys of a key group; to change keys without a gap, first name both',
  takes: [ID, KEYS],
  options: [JWKS, ...OPTIONS],
  async run(given, terminal) {
    const [id = '', ...items] = given.all;
    const api = await findServer(given);
    const found = await readDocument(api, KEY_GROUP, id);
    const jwksUrl = given.text('jwks');
    const config = { ...found.config, items, ...(jwksUrl === undefined ? {} : { jwksUrl }) };
    const changed = await replaceDocument(api, KEY_GROUP, found, config);
    terminal.answer(changed, [`${id} is changed.`, ...warningLines(changed)]);
  },
};

const remove: Command = {
  name: 'delete',
  says: 'delete a key group that no behaviour names',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const found = await readDocument(api, KEY_GROUP, given.argument('id'));
    await deleteDocument(api, KEY_GROUP, found);
    terminal.answer({ id: found.id, deleted: true }, [`${found.id} is deleted.`]);
  },
};

export const keyGroup: Command = {
  name: 'key-group',
  says: 'list, make, change and delete groups of signing keys that behaviours trust',
  children: [list, create, update, remove],
};

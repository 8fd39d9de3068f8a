import type { Command, Given } from './command.ts';
import {
  createDocument,
  DISTRIBUTION,
  type Document,
  deleteDocument,
  type Json,
  listDocuments,
  readConfigFile,
  readDocument,
  replaceDocument,
  warningLines,
} from './configuration.ts';
import { usage } from './failure.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const ID = { name: '<id>', says: 'such as ds_k3v9…, or default' };
const FILE = { flags: '--file <file>', says: 'the whole document in JSON or YAML; - is standard input' };

/** What is shown of a distribution's document. */
interface Config {
  readonly comment: string;
  readonly enabled: boolean;
  readonly aliases: readonly string[];
  readonly origins: readonly { readonly id: string; readonly domainName: string }[];
  readonly cacheBehaviors: readonly unknown[];
}

const configOf = ({ config }: Document) => config as unknown as Config;

const list: Command = {
  name: 'list',
  says: 'list distributions, newest first',
  options: OPTIONS,
  async run(given, terminal) {
    const items = await listDocuments(await findServer(given), DISTRIBUTION);
    const rows = items.map((each) => {
      const { enabled, aliases, origins, comment } = configOf(each);
      const names = origins.map(({ domainName, id }) => domainName || id);
      return [each.id, enabled ? 'enabled' : 'disabled', aliases.join(' ') || '-', names.join(' '), comment];
    });
    terminal.answer({ items }, tableLines(['DISTRIBUTION', 'STATE', 'ALIASES', 'ORIGINS', 'COMMENT'], rows));
  },
};

const show: Command = {
  name: 'show',
  says: 'show a distribution: the whole document, as it can be changed and given back',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const found = await readDocument(await findServer(given), DISTRIBUTION, given.argument('id'));
    terminal.answer(found, [JSON.stringify(found.config, undefined, 2), ...warningLines(found)]);
  },
};

const create: Command = {
  name: 'create',
  says: 'make a distribution, from a file or in front of one origin',
  options: [
    FILE,
    { flags: '--origin <url>', says: 'instead of a file: where to fetch, such as https://shop.example/site' },
    { flags: '--alias <host>', says: 'with --origin: a host name that viewers use', repeats: true },
    { flags: '--comment <text>', says: 'with --origin: what it is for' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    given.atMostOne('file', 'origin');
    given.atMostOne('file', 'alias');
    given.atMostOne('file', 'comment');
    const config = given.has('origin') ? inFrontOf(given) : await readConfigFile(given.text('file'));
    const made = await createDocument(await findServer(given), DISTRIBUTION, config);
    terminal.answer(made, [`${made.id} is made.`, ...warningLines(made)]);
  },
};

/** The smallest distribution: everything from one origin, by the defaults. */
function inFrontOf(given: Given): Json {
  const text = given.text('origin') ?? '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '') {
    throw usage('--origin must be an http or https URL without a query, such as https://shop.example/site.');
  }
  const isSecure = url.protocol === 'https:';
  const port = url.port === '' ? {} : { [isSecure ? 'httpsPort' : 'httpPort']: Number(url.port) };
  const originPath = url.pathname.replace(/\/+$/, '');
  return {
    comment: given.text('comment') ?? '',
    aliases: given.texts('alias'),
    origins: [
      {
        id: 'origin',
        domainName: url.hostname,
        ...(originPath === '' ? {} : { originPath }),
        customOriginConfig: { originProtocolPolicy: isSecure ? 'https-only' : 'http-only', ...port },
      },
    ],
    defaultCacheBehavior: { targetOriginId: 'origin' },
  };
}

const update: Command = {
  name: 'update',
  says: 'change a distribution to what a file says, unless somebody else changes it meanwhile',
  takes: [ID],
  options: [FILE, { flags: '--etag <etag>', says: 'only if it still is as it was read under this ETag' }, ...OPTIONS],
  async run(given, terminal) {
    const config = await readConfigFile(given.text('file'));
    const api = await findServer(given);
    const id = given.argument('id');
    const etag = given.text('etag') ?? (await readDocument(api, DISTRIBUTION, id)).etag;
    const changed = await replaceDocument(api, DISTRIBUTION, { id, etag }, config);
    terminal.answer(changed, [`${changed.id} is changed.`, ...warningLines(changed)]);
  },
};

const remove: Command = {
  name: 'delete',
  says: 'delete a distribution: edges answer for it no more',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const found = await readDocument(api, DISTRIBUTION, given.argument('id'));
    await deleteDocument(api, DISTRIBUTION, found);
    terminal.answer({ id: found.id, deleted: true }, [`${found.id} is deleted.`]);
  },
};

export const distribution: Command = {
  name: 'distribution',
  says: 'list, show, make, change and delete distributions',
  children: [list, show, create, update, remove],
};

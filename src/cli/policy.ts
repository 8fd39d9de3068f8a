import type { Command, Given } from './command.ts';
import {
  CACHE_POLICY,
  createDocument,
  type Document,
  type DocumentKind,
  deleteDocument,
  listDocuments,
  ORIGIN_REQUEST_POLICY,
  RESPONSE_HEADERS_POLICY,
  readConfigFile,
  readDocument,
  warningLines,
} from './configuration.ts';
import { Failure, usage } from './failure.ts';
import { type Api, findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

const KINDS: Readonly<Record<string, DocumentKind>> = {
  cache: CACHE_POLICY,
  'origin-request': ORIGIN_REQUEST_POLICY,
  'response-headers': RESPONSE_HEADERS_POLICY,
};

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const ID = { name: '<policy>', says: 'id, or the name of one' };
const KIND = { flags: '--kind <kind>', says: 'of which kind', choices: Object.keys(KINDS) };

const list: Command = {
  name: 'list',
  says: 'list policies of all kinds, managed ones last',
  options: [KIND, ...OPTIONS],
  async run(given, terminal) {
    const api = await findServer(given);
    const items: (Document & { readonly kind: string })[] = [];
    for (const [kind, each] of kindsAskedFor(given))
      items.push(...(await listDocuments(api, each)).map((found) => ({ kind, ...found })));
    const rows = items.map(({ id, kind, type, config }) => [id, kind, type, `${config.name}`, `${config.comment}`]);
    terminal.answer({ items }, tableLines(['POLICY', 'KIND', 'TYPE', 'NAME', 'COMMENT'], rows));
  },
};

const show: Command = {
  name: 'show',
  says: 'show a policy, by id or name',
  takes: [ID],
  options: [KIND, ...OPTIONS],
  async run(given, terminal) {
    const api = await findServer(given);
    const { kind, found } = await find(api, given);
    const whole = await readDocument(api, kind, found.id);
    terminal.answer(whole, [JSON.stringify(whole.config, undefined, 2), ...warningLines(whole)]);
  },
};

const create: Command = {
  name: 'create',
  says: 'make a policy from a file',
  options: [KIND, { flags: '--file <file>', says: 'the document in JSON or YAML; - is standard input' }, ...OPTIONS],
  async run(given, terminal) {
    const kind = KINDS[given.text('kind') ?? ''];
    if (!kind) throw usage(`--kind is missing: ${Object.keys(KINDS).join(', ')}.`);
    const config = await readConfigFile(given.text('file'));
    const made = await createDocument(await findServer(given), kind, config);
    terminal.answer(made, [`${made.id} is made.`, ...warningLines(made)]);
  },
};

const remove: Command = {
  name: 'delete',
  says: 'delete a policy that no behaviour names',
  takes: [ID],
  options: [KIND, ...OPTIONS],
  async run(given, terminal) {
    const api = await findServer(given);
    const { kind, found } = await find(api, given);
    await deleteDocument(api, kind, found);
    terminal.answer({ id: found.id, deleted: true }, [`${found.id} is deleted.`]);
  },
};

function kindsAskedFor(given: Given): [string, DocumentKind][] {
  const wanted = given.text('kind');
  return Object.entries(KINDS).filter(([kind]) => wanted === undefined || kind === wanted);
}

/** By its id or its name, which only documents of its own kind cannot share. */
async function find(api: Api, given: Given): Promise<{ kind: DocumentKind; found: Document }> {
  const wanted = given.argument('policy');
  const all: { kind: DocumentKind; found: Document }[] = [];
  for (const [, kind] of kindsAskedFor(given))
    all.push(...(await listDocuments(api, kind)).map((found) => ({ kind, found })));
  const fits = all.filter(({ found }) => found.id === wanted || found.config.name === wanted);
  if (fits.length > 1) throw usage(`Policies of several kinds are called ${wanted}: say which by --kind.`);
  const [only] = fits;
  if (!only) throw new Failure('NOT_FOUND', `There is no policy with the id or name ${wanted}.`);
  return only;
}

export const policy: Command = {
  name: 'policy',
  says: 'list, show, make and delete cache, origin request and response headers policies',
  children: [list, show, create, remove],
};

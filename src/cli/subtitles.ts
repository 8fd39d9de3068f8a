import { readFile } from 'node:fs/promises';
import { pathOf } from './asset-path.ts';
import type { Command } from './command.ts';
import { unreadable } from './files.ts';
import { findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { tableLines } from './terminal.ts';

interface Subtitles {
  readonly language?: string;
  readonly name?: string;
  readonly kind: string;
  readonly default: boolean;
  readonly forced: boolean;
  readonly origin: string;
  readonly status: string;
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const ID = { name: '<assetId>', says: 'such as as_k3v9…' };
const LANGUAGE = { name: '<language>', says: 'a language tag such as de or pt-BR' };

const list: Command = {
  name: 'list',
  says: "list a film's subtitles, its own and uploaded ones",
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const page = await api.call<{ items: Subtitles[] }>('GET', `${pathOf(given.argument('assetId'))}/subtitles`);
    const rows = page.items.map((each) => [
      each.language ?? '-',
      each.forced ? `${each.kind}, forced` : each.kind,
      each.origin,
      each.status,
      each.default ? 'yes' : 'no',
      each.name ?? '',
    ]);
    terminal.answer(page, tableLines(['LANGUAGE', 'KIND', 'ORIGIN', 'STATUS', 'DEFAULT', 'NAME'], rows));
  },
};

const add: Command = {
  name: 'add',
  says: 'add subtitles from an SRT or WebVTT file, or replace those uploaded in that language',
  takes: [ID, LANGUAGE, { name: '<file>', says: 'SRT or WebVTT in any common encoding' }],
  options: [
    { flags: '--name <text>', says: "what a menu shows (default: the language's name)" },
    { flags: '--kind <kind>', says: 'captions tell the sounds too', choices: ['subtitles', 'captions'] },
    { flags: '--default', says: 'shown unless the viewer says otherwise' },
    { flags: '--forced', says: 'only what must be read to follow the film' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const file = given.argument('file');
    const text = await readFile(file).catch((cause: unknown) => {
      throw unreadable(file, cause);
    });
    const query = new URLSearchParams({ default: String(given.has('default')), forced: String(given.has('forced')) });
    for (const option of ['name', 'kind']) {
      const value = given.text(option);
      if (value !== undefined) query.set(option, value);
    }
    const api = await findServer(given);
    const [assetId, language] = [given.argument('assetId'), given.argument('language')];
    const added = await api.put<Subtitles>(`${subtitlePath(assetId, language)}?${query}`, text);
    terminal.answer(added, [`${assetId} has subtitles in ${added.language}.`]);
  },
};

const remove: Command = {
  name: 'delete',
  says: 'remove the subtitles uploaded in a language',
  takes: [ID, LANGUAGE],
  options: OPTIONS,
  async run(given, terminal) {
    const [assetId, language] = [given.argument('assetId'), given.argument('language')];
    const api = await findServer(given);
    await api.call('DELETE', subtitlePath(assetId, language));
    terminal.answer({ assetId, language, deleted: true }, [`The subtitles in ${language} are removed.`]);
  },
};

export const subtitles: Command = {
  name: 'subtitles',
  says: "list, add, delete a film's subtitles",
  children: [list, add, remove],
};

function subtitlePath(assetId: string, language: string): string {
  return `${pathOf(assetId)}/subtitles/${encodeURIComponent(language)}`;
}

import { createInterface } from 'node:readline/promises';
import type { Command, Given } from '../command.ts';
import {
  createDocument,
  type Document,
  deleteDocument,
  type Json,
  listDocuments,
  replaceDocument,
  warningLines,
} from '../configuration.ts';
import { Failure, usage } from '../failure.ts';
import { readStandardInput, readText } from '../files.ts';
import { type Api, findServer, JSON_OPTION, SERVER_OPTIONS } from '../server.ts';
import type { Terminal } from '../terminal.ts';
import { draftOf, type IdOf, idsIn, type Present, planLines, planSite, SECRET_FIELD, type Step } from './plan.ts';
import { parseSiteFile, refusalAt, SECTION_NAMES, SECTIONS, type SiteFile, type Wanted } from './site-file.ts';

export const apply: Command = {
  name: 'apply',
  says: 'bring distributions, policies and key groups to what a file says, after showing what would change',
  options: [
    { flags: '-f, --file <file>', says: 'the site file in YAML; - is standard input' },
    { flags: '--dry-run', says: 'only show what would change; the exit status is 2 when something would' },
    { flags: '--prune', says: 'delete what an earlier file of this site made and this one does not name' },
    { flags: '--adopt', says: 'take over documents by these names that this site did not make' },
    { flags: '--yes', says: 'do it without asking' },
    ...SERVER_OPTIONS,
    JSON_OPTION,
  ],
  more: 'docs/cli.md explains the file; docs/examples/site.yaml is one.',
  async run(given, terminal) {
    const site = await readSite(given.text('file'));
    const api = await findServer(given);
    const present = await readPresent(api);
    const steps = planSite(site, present, { prune: given.has('prune'), adopt: given.has('adopt') });
    if (steps.length === 0) return terminal.answer({ plan: [], applied: [] }, ['Nothing to do.']);
    const wanted = given.has('dryRun') ? 'no' : await mayDo(steps, given, terminal);
    if (wanted === 'no') {
      terminal.answer({ plan: steps.map(viewStep), applied: [] }, [...planLines(steps), '', countLine(steps)]);
      if (given.has('dryRun')) throw new Failure('CHANGES_PLANNED', 'The server is not as the file says.');
      throw new Failure('CHANGES_PLANNED', 'Nothing was changed.');
    }
    const applied = await applySteps(steps, site, present, api, terminal);
    const warnings = applied.flatMap(({ step, document }) =>
      document ? warningLines(document, `${step.section}.${step.name}: `) : [],
    );
    const lines = wanted === 'asked' ? [] : [...planLines(steps), ''];
    const done = applied.map(({ step, document }) => ({ ...viewStep(step), ...(document ? { id: document.id } : {}) }));
    terminal.answer({ plan: steps.map(viewStep), applied: done }, [...lines, `Done. ${countLine(steps)}`, ...warnings]);
  },
};

async function readSite(file: string | undefined): Promise<SiteFile> {
  if (file === undefined) throw usage('--file is missing: the site file, or - for standard input.');
  return parseSiteFile(file === '-' ? await readStandardInput() : await readText(file), file);
}

async function readPresent(api: Api): Promise<Present> {
  const found = await Promise.all(
    SECTION_NAMES.map(async (section) => [section, await listDocuments(api, SECTIONS[section])] as const),
  );
  return Object.fromEntries(found) as unknown as Present;
}

/** Shows the plan and asks, where somebody is there to answer. @throws Failure USAGE where nobody is */
async function mayDo(steps: readonly Step[], given: Given, terminal: Terminal): Promise<'yes' | 'asked' | 'no'> {
  if (given.has('yes')) return 'yes';
  if (!process.stdin.isTTY) throw usage('Nobody can be asked here: give --yes, or --dry-run to see what would change.');
  for (const line of [...planLines(steps), '', countLine(steps)]) terminal.note(line);
  const dialog = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await dialog.question('Do it? [y/N] ');
  dialog.close();
  return /^y(es)?$/i.test(answer.trim()) ? 'asked' : 'no';
}

interface Applied {
  readonly step: Step;
  readonly document?: Document;
}

/** One after the other; the first that fails ends it, and says what was done before. */
async function applySteps(
  steps: readonly Step[],
  site: SiteFile,
  present: Present,
  api: Api,
  terminal: Terminal,
): Promise<Applied[]> {
  const made = new Map<string, string>();
  const known = idsIn(present);
  const idOf: IdOf = (section, name) => made.get(`${section} ${name}`) ?? known(section, name);
  const applied: Applied[] = [];
  for (const step of steps) {
    try {
      const document = await applyStep(step, site, idOf, api);
      if (document) made.set(`${step.section} ${step.name}`, document.id);
      applied.push({ step, ...(document ? { document } : {}) });
      if (document?.secretAccessKey)
        terminal.note(`${step.name}: the key, shown this once: ${document.secretAccessKey}`);
    } catch (cause) {
      throw explained(cause, step, site, applied.length, steps.length);
    }
  }
  return applied;
}

async function applyStep(step: Step, site: SiteFile, idOf: IdOf, api: Api): Promise<Document | undefined> {
  const kind = SECTIONS[step.section];
  if (step.action === 'delete') return void (await deleteDocument(api, kind, step.present));
  const draft = { ...draftOf(step.wanted, site, idOf), ...secretOf(step.wanted, site) };
  return step.action === 'create' ? createDocument(api, kind, draft) : replaceDocument(api, kind, step.present, draft);
}

/** A secret stands in a variable and not in a file that others read. */
function secretOf({ section, name, draft }: Wanted, site: SiteFile): Json {
  const variable = draft[SECRET_FIELD];
  if (variable === undefined) return {};
  const secret = typeof variable === 'string' ? process.env[variable] : undefined;
  if (secret) return { secretAccessKey: secret };
  const says = `${section}.${name}.${SECRET_FIELD}: the variable ${variable} is not set.`;
  throw refusalAt(site, [section, name, SECRET_FIELD], says);
}

/** The server's refusal at its place in the file, and what that means for the rest. */
function explained(cause: unknown, step: Step, site: SiteFile, done: number, all: number): unknown {
  if (!(cause instanceof Failure)) return cause;
  const rest = done === 0 ? 'Nothing was changed.' : `${done} of ${all} steps were done; run it again for the rest.`;
  const { section, name } = step;
  if (cause.code === 'IF_MATCH_STALE') {
    const says = `Somebody else changed the ${SECTIONS[section].noun} ${name} meanwhile. ${rest}`;
    return new Failure(cause.code, says, { cause });
  }
  if (step.action === 'delete' || cause.code === 'FILE_INVALID') return cause;
  // A body of another form is refused at its first wrong field, with which the sentence begins.
  const [named = ''] = /^body\S*/.exec(cause.message) ?? [];
  const wrong = cause.fields.length > 0 ? cause.fields : [{ field: named, says: cause.message }];
  const fields = wrong.map(({ field, says }) => {
    const path = [section, name, ...readField(field)];
    return { field, says: refusalAt(site, path, `${section}.${name}: ${says.replace(/^body\.?/, '')}`).message };
  });
  return new Failure(cause.code, `${fields[0]?.says} ${rest}`, { cause, fields });
}

/** `body.origins[0].domainName` and `body.origins.0.domainName` as a path. */
function readField(field: string): (string | number)[] {
  const parts = field.replace(/^body\.?/, '').match(/[^.[\]]+/g) ?? [];
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function viewStep(step: Step) {
  const { action, section, name } = step;
  const id = 'present' in step ? { id: step.present.id } : {};
  const changes = step.action === 'change' ? { changes: step.differences } : {};
  return { action, kind: SECTIONS[section].noun, name, ...id, ...changes };
}

function countLine(steps: readonly Step[]): string {
  const count = (action: Step['action']) => steps.filter((step) => step.action === action).length;
  return `${count('create')} to make, ${count('change')} to change, ${count('delete')} to delete.`;
}

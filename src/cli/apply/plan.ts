import type { Document, Json } from '../configuration.ts';
import { type Difference, differencesOf } from './differences.ts';
import { isOwned, markOwned, nameOf } from './ownership.ts';
import { resolveReferences } from './references.ts';
import { isJson, refusalAt, SECTION_NAMES, SECTIONS, type Section, type SiteFile, type Wanted } from './site-file.ts';

/** What is at the server, by kind. */
export type Present = Readonly<Record<Section, readonly Document[]>>;

export type Step = CreateStep | ChangeStep | DeleteStep;

export interface CreateStep {
  readonly action: 'create';
  readonly section: Section;
  readonly name: string;
  readonly wanted: Wanted;
}

export interface ChangeStep {
  readonly action: 'change';
  readonly section: Section;
  readonly name: string;
  readonly wanted: Wanted;
  readonly present: Document;
  readonly differences: readonly Difference[];
}

export interface DeleteStep {
  readonly action: 'delete';
  readonly section: Section;
  readonly name: string;
  readonly present: Document;
}

export interface PlanOptions {
  /** Delete what an earlier file of this site made and this one does not name. */
  readonly prune?: boolean;
  /** Take over documents that are there by these names and are not this site's. */
  readonly adopt?: boolean;
}

/**
 * The steps from what is to what is wanted, in an order in which each can be done: made and changed from what is named to
 * what names it, and deleted the other way round.
 * @throws Failure FILE_INVALID for a reference to nothing, NOT_OURS for a document of somebody else's
 */
export function planSite(site: SiteFile, present: Present, options: PlanOptions = {}): Step[] {
  const steps = site.documents.flatMap((wanted) => stepFor(wanted, site, present, options) ?? []);
  return options.prune ? [...steps, ...prunes(site, present)] : steps;
}

function stepFor(wanted: Wanted, site: SiteFile, present: Present, { adopt }: PlanOptions): Step | undefined {
  const { section, name } = wanted;
  const found = findPresent(wanted, site, present);
  // References are looked at before anything is done, also those of what is new.
  const draft = draftOf(wanted, site, idsIn(present));
  if (!found) return { action: 'create', section, name, wanted };
  if (!adopt && !isOwned(section, found, site.site)) {
    const says = `a ${SECTIONS[section].noun} called ${name} is there, and this site did not make it; --adopt takes it over.`;
    throw refusalAt(site, [section, name], says, { code: 'NOT_OURS' });
  }
  const differences = differencesOf(found.config, filled(section, draft));
  return differences.length === 0
    ? undefined
    : { action: 'change', section, name, wanted, present: found, differences };
}

/** A distribution is found by its tags, which only this site's have; others by the name that nobody else has. */
function findPresent({ section, name }: Wanted, { site }: SiteFile, present: Present): Document | undefined {
  const named = present[section].filter((each) => each.type === 'custom' && nameOf(section, each) === name);
  return section === 'distributions' ? named.find((each) => isOwned(section, each, site)) : named[0];
}

function prunes({ site, documents }: SiteFile, present: Present): DeleteStep[] {
  const isWanted = (section: Section, name: string) =>
    documents.some((each) => each.section === section && each.name === name);
  return SECTION_NAMES.toReversed().flatMap((section) =>
    present[section].flatMap((each): DeleteStep[] => {
      const name = nameOf(section, each);
      if (name === undefined || !isOwned(section, each, site) || isWanted(section, name)) return [];
      return [{ action: 'delete', section, name, present: each }];
    }),
  );
}

export type IdOf = (section: Section, name: string) => string | undefined;

/** By id or by name, managed policies too. */
export function idsIn(present: Present): IdOf {
  return (section, name) => present[section].find((each) => each.id === name || nameOf(section, each) === name)?.id;
}

/** The document as it is sent. A name of this file that has no id yet stands for itself until it is made. */
export function draftOf({ section, name, draft }: Wanted, site: SiteFile, idOf: IdOf): Json {
  const owned = markOwned(section, name, site.site, withoutSecret(draft));
  if (section !== 'distributions') return owned;
  return resolveReferences(owned, (to, called, path) => {
    const isNew = site.documents.some((each) => each.section === to && each.name === called);
    const id = idOf(to, called) ?? (isNew ? called : undefined);
    if (id !== undefined) return id;
    const field = `${section}.${name}.${writeField(path)}`;
    throw refusalAt(site, [section, name, ...path], `${field}: there is no ${SECTIONS[to].noun} called ${called}.`);
  });
}

/** What the server would make of it; as it stands where it has not the form, so that the server says what is wrong. */
function filled(section: Section, draft: Json): unknown {
  try {
    return JSON.parse(JSON.stringify(SECTIONS[section].fill(draft)));
  } catch {
    return draft; // of another form than a document: the server refuses it by its fields
  }
}

/** The name of the variable that a secret is in. It is never shown, so it cannot be compared. */
export const SECRET_FIELD = 'secretAccessKeyFrom';

function withoutSecret({ [SECRET_FIELD]: _, ...draft }: Json): Json {
  return draft;
}

export function writeField(path: readonly (string | number)[]): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');
}

/** One line a step, and one for each field that changes. */
export function planLines(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    const noun = SECTIONS[step.section].noun;
    if (step.action === 'create') return [`+ ${noun} ${step.name}`];
    if (step.action === 'delete') return [`- ${noun} ${step.name}`];
    const fields = step.differences.map(({ field, from, to }) => `    ${field}: ${show(from)} -> ${show(to)}`);
    return [`~ ${noun} ${step.name}`, ...fields];
  });
}

const LONGEST_SHOWN = 100;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= LONGEST_SHOWN || !isJson(value) ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

import {
  CACHE_POLICY,
  DISTRIBUTION,
  type DocumentKind,
  type Json,
  KEY_GROUP,
  ORIGIN_ACCESS_CONTROL,
  ORIGIN_REQUEST_POLICY,
  RESPONSE_HEADERS_POLICY,
} from '../configuration.ts';
import { Failure } from '../failure.ts';
import { type Placed, parsePlaced } from '../yaml.ts';

/**
 * A site file: documents by kind and name. What it makes carries the name of the site, so that a later run knows what it may
 * delete and what is somebody else's.
 */
export interface SiteFile {
  readonly file: string;
  readonly site: string;
  readonly documents: readonly Wanted[];
  readonly placed: Placed;
}

export interface Wanted {
  readonly section: Section;
  readonly name: string;
  /** As it stands in the file: references are names. */
  readonly draft: Json;
}

export type Section = keyof typeof SECTIONS;

/** In the order in which they are made: what is named comes before what names it. */
export const SECTIONS = {
  originAccessControls: ORIGIN_ACCESS_CONTROL,
  keyGroups: KEY_GROUP,
  cachePolicies: CACHE_POLICY,
  originRequestPolicies: ORIGIN_REQUEST_POLICY,
  responseHeadersPolicies: RESPONSE_HEADERS_POLICY,
  distributions: DISTRIBUTION,
} as const satisfies Record<string, DocumentKind>;

export const SECTION_NAMES = Object.keys(SECTIONS) as Section[];

const NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/** @throws Failure FILE_INVALID with file, line and field */
export function parseSiteFile(text: string, file: string): SiteFile {
  const placed = parsePlaced(text, file);
  const refuse = (path: readonly string[], says: string) => refusalAt({ file, placed }, path, says);
  const { value } = placed;
  if (!isJson(value)) throw refuse([], 'the file is a mapping with site and what belongs to it.');
  const { site, ...sections } = value;
  if (typeof site !== 'string' || !NAME.test(site))
    throw refuse(['site'], 'site must be a name of letters, digits, dots and dashes: what this file makes carries it.');
  const documents: Wanted[] = [];
  for (const [section, entries] of Object.entries(sections)) {
    if (!isSection(section))
      throw refuse([section], `${section} is no section; there are ${SECTION_NAMES.join(', ')}.`);
    if (entries === null) continue;
    if (!isJson(entries)) throw refuse([section], `${section} must be a mapping of names to documents.`);
    for (const [name, draft] of Object.entries(entries)) {
      const path = [section, name];
      if (!NAME.test(name)) throw refuse(path, `${name} must be a name of letters, digits, dots and dashes.`);
      if (!isJson(draft)) throw refuse(path, `${path.join('.')} must be a document.`);
      if ('name' in draft) throw refuse([...path, 'name'], 'a name stands before its document, not in it.');
      documents.push({ section, name, draft });
    }
  }
  const order = (each: Wanted) => SECTION_NAMES.indexOf(each.section);
  return { file, site, placed, documents: documents.toSorted((a, b) => order(a) - order(b)) };
}

/** Such as `site.yaml:12: distributions.shop.origins must be a list.` */
export function refusalAt(
  { file, placed }: Pick<SiteFile, 'file' | 'placed'>,
  path: readonly (string | number)[],
  says: string,
  options: { readonly code?: string; readonly cause?: unknown } = {},
): Failure {
  return new Failure(options.code ?? 'FILE_INVALID', `${file}:${placed.lineOf(path)}: ${says}`, {
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

function isSection(name: string): name is Section {
  return Object.hasOwn(SECTIONS, name);
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

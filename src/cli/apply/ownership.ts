import type { Document, Json } from '../configuration.ts';
import type { Section } from './site-file.ts';

/**
 * Whose a document is. Distributions have tags, which hold the site and the name. Other documents have a name that nobody
 * else of their kind has, and no tags: the site stands at the end of their comment.
 */
const SITE_TAG = 'frontrow:site';
const NAME_TAG = 'frontrow:name';

export function markOwned(section: Section, name: string, site: string, draft: Json): Json {
  if (section === 'distributions')
    return { ...draft, tags: { ...(draft.tags as Json | undefined), [SITE_TAG]: site, [NAME_TAG]: name } };
  const field = commentOf(section);
  return { ...draft, name, [field]: `${draft[field] ?? ''} ${markOf(site)}`.trim() };
}

/** What the file would call a document; undefined when it is nobody's name there. */
export function nameOf(section: Section, { config }: Document): string | undefined {
  const name = section === 'distributions' ? (config.tags as Json | undefined)?.[NAME_TAG] : config.name;
  return typeof name === 'string' ? name : undefined;
}

export function isOwned(section: Section, { config }: Document, site: string): boolean {
  if (section === 'distributions') return (config.tags as Json | undefined)?.[SITE_TAG] === site;
  return String(config[commentOf(section)] ?? '').endsWith(markOf(site));
}

function commentOf(section: Section): 'description' | 'comment' {
  return section === 'originAccessControls' ? 'description' : 'comment';
}

function markOf(site: string): string {
  return `[site ${site}]`;
}

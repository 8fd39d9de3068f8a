/** Languages as people call them, and how one is told from a file's name. Pure. */

/** What the menu offers by name; any other can be given by its tag. */
const OFFERED =
  'ar bg bn ca cs da de el en es es-419 et fa fi fr he hi hr hu id is it ja ko lt lv ms nb nl pl pt pt-BR ro ru sk sl sr sv sw ta th tr uk ur vi zh-Hans zh-Hant';

export interface LanguageChoice {
  /** BCP 47. */
  readonly tag: string;
  readonly name: string;
}

export function languageName(tag: string): string {
  try {
    return NAMES.of(tag) ?? tag;
  } catch {
    return tag; // No tag that a browser knows: shown as it is.
  }
}

const NAMES = new Intl.DisplayNames(['en'], { type: 'language', languageDisplay: 'standard' });

/** In the order of their names. */
export function offeredLanguages(): readonly LanguageChoice[] {
  const all = OFFERED.split(' ').map((tag) => ({ tag, name: languageName(tag) }));
  return all.sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** `pt-BR` of `film.pt-BR.forced.srt`; undefined when no part of the name is a language that is offered. */
export function languageOfFile(filename: string): string | undefined {
  const parts = filename.toLowerCase().replaceAll('_', '-').split('.').slice(1, -1);
  const tags = OFFERED.split(' ');
  return parts.map((part) => tags.find((tag) => tag.toLowerCase() === part)).find((tag) => tag !== undefined);
}

/** Whether a text has the form of a language tag, so that it is worth asking the server. */
export function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

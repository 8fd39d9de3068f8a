/** What is known of a track that will stand in a menu. */
export interface Labelled {
  /** What the source, or the person who uploaded it, calls it. */
  readonly title?: string;
  /** BCP 47. */
  readonly language?: string;
  /** What it is for, such as `commentary`. */
  readonly role?: string;
}

const ROLE_WORDS: Readonly<Record<string, string>> = {
  description: 'audio description',
  'clear-speech': 'clear speech',
  commentary: 'commentary',
  captions: 'CC',
  forced: 'forced',
};

const MOST_SYMBOLS = 80;

/**
 * One label a track, all different: its title, otherwise its language (otherwise `noun`) and what it is for. What is alike
 * is numbered.
 */
export function labelTracks(tracks: readonly Labelled[], noun: string): string[] {
  const taken = new Set<string>();
  return tracks.map((track) => {
    const label = unused(describeTrack(track, noun), taken);
    taken.add(label);
    return label;
  });
}

function describeTrack({ title, language, role }: Labelled, noun: string): string {
  const own = title === undefined ? '' : plain(title);
  if (own !== '') return own;
  const name = language === undefined ? noun : languageName(language);
  const word = role === undefined ? undefined : ROLE_WORDS[role];
  return word === undefined ? name : `${name} (${word})`;
}

function unused(label: string, taken: ReadonlySet<string>): string {
  if (!taken.has(label)) return label;
  let number = 2;
  while (taken.has(`${label} ${number}`)) number += 1;
  return `${label} ${number}`;
}

/** Foreign text on one line, without what a quoted attribute of a playlist cannot hold (RFC 8216 section 4.2). */
function plain(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"]+/gu, ' ')
    .replace(/\s+/g, ' ');
  return [...line.trim()].slice(0, MOST_SYMBOLS).join('').trim();
}

/** A language as a menu shows it, such as `English`; the tag itself where it has no name. */
export function languageName(tag: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
}

/**
 * Foreign cue text as WebVTT: its own tags survive, balanced; every other tag is dropped and its content kept; whatever
 * could be read as a tag, an escape or an arrow by mistake is escaped. Browsers build elements out of what is left.
 */
const TOKEN = /<(?<close>\/?)(?<name>[a-z]+)(?<rest>[^<>]*)>|&(?<entity>amp|lt|gt|nbsp|lrm|rlm);|[<>&]/gi;

/** Tags of WebVTT that players style; `c` and `lang` are dropped with the rest, their text stays. */
const KEPT = ['b', 'i', 'u', 'ruby', 'rt', 'v'];

/** Override codes of ASS, which SRT files carry too: `{\an8}`. */
const OVERRIDES = /\{\\[^{}]*\}/g;

const CONTROLS = /[^\P{Cc}\n\t]/gu;

const MOST_SYMBOLS = 1_000;
const MOST_LINES = 8;
const MOST_VOICE_SYMBOLS = 60;

/** One cue's text, empty when nothing of it can be shown. */
export function cleanCueText(raw: string): string {
  const plain = raw.toWellFormed().replace(OVERRIDES, '').replace(CONTROLS, '');
  const lines = shownLines(plain).slice(0, MOST_LINES).join('\n');
  const clean = balanced([...lines].slice(0, MOST_SYMBOLS).join(''));
  const shown = clean.replace(/<[^>]*>/g, '').trim();
  // Once more: a line that held nothing but a tag which is gone would end the cue.
  return shown === '' ? '' : shownLines(clean).join('\n');
}

function shownLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function balanced(text: string): string {
  const open: string[] = [];
  const written = text.replace(TOKEN, (token, ...rest) => writeToken(token, rest.at(-1) as Groups, open));
  const ends = open.reverse().map((name) => `</${name}>`);
  return written + ends.join('');
}

type Groups = Readonly<Partial<Record<'close' | 'name' | 'rest' | 'entity', string>>>;

const ESCAPES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };

function writeToken(token: string, { close, name, rest = '', entity }: Groups, open: string[]): string {
  if (entity !== undefined) return token.toLowerCase();
  if (name === undefined) return ESCAPES[token] ?? '';
  const tag = name.toLowerCase();
  if (!KEPT.includes(tag)) return '';
  if (close === '') {
    open.push(tag);
    return tag === 'v' ? `<v ${voice(rest)}>` : `<${tag}>`;
  }
  // A closing tag that closes nothing, or something else than what is open, is dropped.
  if (open.at(-1) !== tag) return '';
  open.pop();
  return `</${tag}>`;
}

/** Who speaks: a name without anything that would end the tag. */
function voice(annotation: string): string {
  const name = annotation
    .replace(/^\.\S*/, '')
    .replace(/[&\s]+/g, ' ')
    .trim();
  return [...name].slice(0, MOST_VOICE_SYMBOLS).join('').trim() || 'Voice';
}

/** What the first bytes of a file say it is, before any decoder is let near it. */
export type Sniffed = 'empty' | 'refused' | 'iso' | 'other';

/** How much of a file `sniff` wants to see. */
export const SNIFF_BYTES = 4_096;

/** Text that names further files or is a document: playlists, manifests, SVG, session descriptions. */
const REFUSED_TEXT =
  /^(#EXT|ffconcat\b|<\?xml|<svg|<mpd|<smil|<asx|<!doctype|<html|\[playlist\]|\[reference\]|rtsptext|smiltext|v=0\s|#!)/i;

/** First bytes of still pictures and documents, as Latin-1 text. */
const REFUSED_BYTES: readonly string[] = [
  '\x89PNG',
  '\xff\xd8\xff',
  'GIF8',
  'II*\0',
  'MM\0*',
  '%PDF',
  '%!PS',
  '8BPS',
  'PK\x03\x04',
  '\xff\x0a',
  '\0\0\0\x0cJXL ',
  '\0\0\0\x0cjP  ',
];

/** Brands of ISO files that hold still pictures. */
const PICTURE_BRANDS = ['heic', 'heix', 'mif1', 'msf1', 'avif', 'avis', 'jxl '];

const ISO_BOXES = ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot'];

/** @param head the first `SNIFF_BYTES` of the file, or all of a shorter one. */
export function sniff(head: Uint8Array): Sniffed {
  if (head.length === 0) return 'empty';
  const raw = Buffer.from(head).toString('latin1');
  const text = asText(head).replace(/^\uFEFF?\s*/, '');
  if (REFUSED_TEXT.test(text) || /<svg[\s>]/i.test(text)) return 'refused';
  if (REFUSED_BYTES.some((start) => raw.startsWith(start))) return 'refused';
  if (raw.startsWith('RIFF') && raw.slice(8, 12) === 'WEBP') return 'refused';
  if (!ISO_BOXES.includes(raw.slice(4, 8))) return 'other';
  return PICTURE_BRANDS.includes(raw.slice(8, 12)) ? 'refused' : 'iso';
}

/** UTF-16 is told by its byte order mark; everything else reads as UTF-8 well enough to find a keyword in it. */
function asText(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder('utf-16le').decode(head);
  if (head[0] === 0xfe && head[1] === 0xff) return new TextDecoder('utf-16be').decode(head);
  return new TextDecoder('utf-8').decode(head);
}

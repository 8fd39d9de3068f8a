/** Written by the edge for each request, from what it knows of the viewer; `expect` is answered at its own door. */
export const WRITTEN_ANEW: readonly string[] = [
  'host',
  'expect',
  'via',
  'cdn-loop',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'surrogate-capability',
  'max-forwards',
];

/** What asks for less than the whole answer: the edge asks so for its own reasons alone. */
export const PARTIAL: readonly string[] = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
];

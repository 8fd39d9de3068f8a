/** Texts whose answer is remembered, in each of two generations: a hundred distributions may each be asked for made-up ones. */
const MAX_REMEMBERED = 2_000;
/** Longer ones are few, and would make the memory large. */
const MAX_REMEMBERED_LENGTH = 160;

/** Viewers ask for the same few things again and again. Two generations: what is asked for lives on, the rest goes at once. */
export function remembering<T>(decide: (text: string) => T): (text: string) => T {
  let young = new Map<string, { readonly value: T }>();
  let old = young;
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known.value;
    if (text.length > MAX_REMEMBERED_LENGTH) return decide(text);
    const decided = old.get(text) ?? { value: decide(text) };
    if (young.size >= MAX_REMEMBERED) {
      old = young;
      young = new Map();
    }
    young.set(text, decided);
    return decided.value;
  };
}

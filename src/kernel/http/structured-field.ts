/**
 * Structured fields, as far as a dictionary needs them: RFC 9651, which includes RFC 8941. A field is whole or it is
 * nothing: one wrong character anywhere, and `parseDictionary` gives undefined. One pass, no going back.
 */
export type BareItem =
  | { readonly type: 'integer' | 'decimal'; readonly value: number }
  | { readonly type: 'string' | 'token' | 'display'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  /** Seconds since the epoch. */
  | { readonly type: 'date'; readonly value: number };

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly item: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly list: readonly Item[];
  readonly parameters: Parameters;
}

export type Dictionary = ReadonlyMap<string, Item | InnerList>;

const TRUE: BareItem = { type: 'boolean', value: true };

/** Of keys that come twice the last one counts. Lines of one field are joined by a comma before. */
export function parseDictionary(text: string): Dictionary | undefined {
  try {
    return new Cursor(text).dictionary();
  } catch (cause) {
    if (cause === MALFORMED) return undefined;
    throw cause;
  }
}

/** One object for all: nobody looks at where it was thrown. */
const MALFORMED = new Error('not a structured field');

const isDigit = (symbol: string) => symbol >= '0' && symbol <= '9';
const isLower = (symbol: string) => symbol >= 'a' && symbol <= 'z';
const isAlpha = (symbol: string) => isLower(symbol.toLowerCase());
const isKeyPart = (symbol: string) => isLower(symbol) || isDigit(symbol) || '_-.*'.includes(symbol);
const isTokenPart = (symbol: string) => isAlpha(symbol) || isDigit(symbol) || ":/!#$%&'*+-.^_`|~".includes(symbol);

class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  dictionary(): Dictionary {
    const members = new Map<string, Item | InnerList>();
    this.#skip(' ');
    while (!this.#ended) {
      const key = this.#key();
      const member = this.#take('=') ? this.#member() : { item: TRUE, parameters: this.#parameters() };
      // The last one counts, at the place of the last one.
      members.delete(key);
      members.set(key, member);
      this.#skip(' \t');
      if (this.#ended) break;
      this.#expect(',');
      this.#skip(' \t');
      if (this.#ended) throw MALFORMED;
    }
    return members;
  }

  /** The symbol at hand; at the end an empty text, which is none of any kind. */
  get #next(): string {
    return this.#text.charAt(this.#at);
  }

  get #ended(): boolean {
    return this.#at >= this.#text.length;
  }

  #skip(symbols: string): void {
    while (!this.#ended && symbols.includes(this.#next)) this.#at += 1;
  }

  #take(symbol: string): boolean {
    if (this.#next !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw MALFORMED;
  }

  /** All that follows of one kind. */
  #run(isPart: (symbol: string) => boolean): string {
    const start = this.#at;
    while (!this.#ended && isPart(this.#next)) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #key(): string {
    if (!isLower(this.#next) && this.#next !== '*') throw MALFORMED;
    return this.#run(isKeyPart);
  }

  #member(): Item | InnerList {
    return this.#next === '(' ? this.#innerList() : this.#item();
  }

  #innerList(): InnerList {
    this.#expect('(');
    const list: Item[] = [];
    for (;;) {
      this.#skip(' ');
      if (this.#take(')')) return { list, parameters: this.#parameters() };
      list.push(this.#item());
      if (this.#next !== ' ' && this.#next !== ')') throw MALFORMED;
    }
  }

  #item(): Item {
    return { item: this.#bareItem(), parameters: this.#parameters() };
  }

  #parameters(): Parameters {
    const parameters = new Map<string, BareItem>();
    while (this.#take(';')) {
      this.#skip(' ');
      const key = this.#key();
      const value = this.#take('=') ? this.#bareItem() : TRUE;
      parameters.delete(key);
      parameters.set(key, value);
    }
    return parameters;
  }

  #bareItem(): BareItem {
    const symbol = this.#next;
    if (symbol === '-' || isDigit(symbol)) return this.#number();
    if (symbol === '"') return { type: 'string', value: this.#string() };
    if (symbol === '*' || isAlpha(symbol)) return { type: 'token', value: this.#run(isTokenPart) };
    if (symbol === ':') return { type: 'bytes', value: this.#bytes() };
    if (symbol === '?') return this.#boolean();
    if (symbol === '@') return this.#date();
    if (symbol === '%') return { type: 'display', value: this.#display() };
    throw MALFORMED;
  }

  /** Up to 15 digits, or 12 before a point and 3 behind it. */
  #number(): BareItem & { readonly value: number } {
    const sign = this.#take('-') ? -1 : 1;
    const whole = this.#run(isDigit);
    if (whole === '') throw MALFORMED;
    if (!this.#take('.')) {
      if (whole.length > 15) throw MALFORMED;
      // Not -0, which is not the 0 that it says.
      return { type: 'integer', value: sign * Number(whole) || 0 };
    }
    const behind = this.#run(isDigit);
    if (whole.length > 12 || behind === '' || behind.length > 3) throw MALFORMED;
    return { type: 'decimal', value: sign * Number(`${whole}.${behind}`) || 0 };
  }

  #string(): string {
    this.#expect('"');
    let value = '';
    for (;;) {
      const symbol = this.#next;
      if (symbol < ' ' || symbol > '~') throw MALFORMED;
      this.#at += 1;
      if (symbol === '"') return value;
      if (symbol !== '\\') value += symbol;
      else if (this.#next === '"' || this.#next === '\\') {
        value += this.#next;
        this.#at += 1;
      } else throw MALFORMED;
    }
  }

  #bytes(): Uint8Array {
    this.#expect(':');
    const text = this.#run((symbol) => symbol !== ':');
    this.#expect(':');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw MALFORMED;
    return Uint8Array.from(atobOrNothing(text), (symbol) => symbol.charCodeAt(0));
  }

  #boolean(): BareItem {
    this.#expect('?');
    if (this.#take('1')) return TRUE;
    this.#expect('0');
    return { type: 'boolean', value: false };
  }

  #date(): BareItem {
    this.#expect('@');
    const { type, value } = this.#number();
    if (type !== 'integer') throw MALFORMED;
    return { type: 'date', value };
  }

  /** Printable text in which `%` and two lower-case hexadecimal digits stand for a byte of UTF-8. */
  #display(): string {
    this.#expect('%');
    this.#expect('"');
    const bytes: number[] = [];
    for (;;) {
      const symbol = this.#next;
      if (symbol < ' ' || symbol > '~') throw MALFORMED;
      this.#at += 1;
      if (symbol === '"') return decodeUtf8(bytes);
      if (symbol !== '%') bytes.push(symbol.charCodeAt(0));
      else {
        const digits = this.#text.slice(this.#at, this.#at + 2);
        if (!/^[0-9a-f]{2}$/.test(digits)) throw MALFORMED;
        bytes.push(Number.parseInt(digits, 16));
        this.#at += 2;
      }
    }
  }
}

function atobOrNothing(text: string): string {
  try {
    return atob(text);
  } catch {
    // A length that base64 does not have.
    throw MALFORMED;
  }
}

function decodeUtf8(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    throw MALFORMED;
  }
}

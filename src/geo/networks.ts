import { createReadStream } from 'node:fs';
import { addressBytes } from '../kernel/address.ts';
import type { Network } from './record.ts';

/**
 * Who announces which addresses, from two lists of ranges in ascending order: `start,end,number,name`, addresses as
 * decimal numbers. Held as columns of numbers, which are a tenth of what the text would take.
 */
export class Networks {
  readonly #ipv4: Column<Uint32Array>;
  readonly #ipv6: Column<BigUint64Array>;
  readonly #names: ReadonlyMap<number, string>;

  static async read(ipv4File: string, ipv6File: string): Promise<Networks> {
    const names = new Map<number, string>();
    const ipv4 = await readRows(ipv4File, Number, names);
    // Nobody announces less than a /64: the other half of an address says nothing about who does.
    const ipv6 = await readRows(ipv6File, (decimal) => BigInt(decimal) >> 64n, names);
    const columns = {
      ipv4: new Column(Uint32Array.from(ipv4.starts), Uint32Array.from(ipv4.ends), Uint32Array.from(ipv4.numbers)),
      ipv6: new Column(
        BigUint64Array.from(ipv6.starts),
        BigUint64Array.from(ipv6.ends),
        Uint32Array.from(ipv6.numbers),
      ),
    };
    return new Networks(columns, names);
  }

  private constructor(
    { ipv4, ipv6 }: { ipv4: Column<Uint32Array>; ipv6: Column<BigUint64Array> },
    names: ReadonlyMap<number, string>,
  ) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.#names = names;
  }

  find(address: string): Network | undefined {
    const bytes = addressBytes(address);
    if (!bytes) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const asn = bytes.length === 4 ? this.#ipv4.find(view.getUint32(0)) : this.#ipv6.find(view.getBigUint64(0));
    if (asn === undefined) return undefined;
    const asName = this.#names.get(asn);
    return { asn, ...(asName === undefined ? {} : { asName }) };
  }
}

/** Ranges in ascending order, none within another; both ends belong to them. */
class Column<T extends Uint32Array | BigUint64Array> {
  readonly #starts: T;
  readonly #ends: T;
  readonly #numbers: Uint32Array;

  constructor(starts: T, ends: T, numbers: Uint32Array) {
    this.#starts = starts;
    this.#ends = ends;
    this.#numbers = numbers;
  }

  find(address: T[number]): number | undefined {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const end = this.#ends[low - 1];
    return end !== undefined && address <= end ? this.#numbers[low - 1] : undefined;
  }
}

interface Rows<N> {
  readonly starts: N[];
  readonly ends: N[];
  readonly numbers: number[];
}

async function readRows<N>(file: string, parse: (decimal: string) => N, names: Map<number, string>): Promise<Rows<N>> {
  const rows: Rows<N> = { starts: [], ends: [], numbers: [] };
  let rest = '';
  // A piece at a time, so that whoever else has work gets a turn in between.
  for await (const piece of createReadStream(file, { encoding: 'utf8', highWaterMark: 262_144 })) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) addRow(line, parse, rows, names);
  }
  addRow(rest, parse, rows, names);
  return rows;
}

function addRow<N>(line: string, parse: (decimal: string) => N, rows: Rows<N>, names: Map<number, string>): void {
  const first = line.indexOf(',');
  const second = line.indexOf(',', first + 1);
  const third = line.indexOf(',', second + 1);
  if (third < 0) return;
  const asn = Number(line.slice(second + 1, third));
  rows.starts.push(parse(line.slice(0, first)));
  rows.ends.push(parse(line.slice(first + 1, second)));
  rows.numbers.push(asn);
  if (!names.has(asn)) names.set(asn, copyOf(unquote(line.slice(third + 1).trimEnd())));
}

function unquote(field: string): string {
  return field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
}

/** A piece of a string keeps all of that string in memory, and the pieces here are of the whole file. */
function copyOf(piece: string): string {
  return Buffer.from(piece).toString();
}

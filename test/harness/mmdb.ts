/** Writes small MaxMind DB files (format 2.0), so that tests need none of a publisher's. */
type Value = string | number | Value[] | { readonly [name: string]: Value };

/** One IPv4 network, such as `8.8.8.0/24`, and what the database says of it. */
export type Entry = readonly [network: string, record: Value];

interface Node {
  readonly branches: [Node | number | undefined, Node | number | undefined];
}

export function writeMmdb(databaseType: string, entries: readonly Entry[]): Buffer {
  const root: Node = { branches: [undefined, undefined] };
  const data: Buffer[] = [];
  let dataBytes = 0;
  for (const [network, record] of entries) {
    const bytes = encode(record);
    insert(root, bitsOf(network), dataBytes);
    data.push(bytes);
    dataBytes += bytes.length;
  }
  const nodes = flatten(root);
  const tree = Buffer.alloc(nodes.length * 6);
  const index = new Map(nodes.map((node, at) => [node, at]));
  for (const [at, { branches }] of nodes.entries()) {
    for (const [side, branch] of branches.entries()) {
      const value =
        branch === undefined
          ? nodes.length
          : typeof branch === 'number'
            ? nodes.length + 16 + branch
            : (index.get(branch) ?? 0);
      tree.writeUIntBE(value, at * 6 + side * 3, 3);
    }
  }
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 4,
    database_type: databaseType,
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_780_000_000,
    description: {},
  });
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}

function bitsOf(network: string): number[] {
  const [address = '', length = '32'] = network.split('/');
  const bits = address.split('.').flatMap((part) => [...Number(part).toString(2).padStart(8, '0')].map(Number));
  return bits.slice(0, Number(length));
}

function insert(root: Node, bits: readonly number[], at: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1) as (0 | 1)[]) {
    const next = node.branches[bit];
    const branch: Node = typeof next === 'object' ? next : { branches: [undefined, undefined] };
    node.branches[bit] = branch;
    node = branch;
  }
  node.branches[bits.at(-1) as 0 | 1] = at;
}

function flatten(node: Node): Node[] {
  return [node, ...node.branches.flatMap((branch) => (typeof branch === 'object' ? flatten(branch) : []))];
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  if (typeof value === 'object') {
    const fields = Object.entries(value).flatMap(([name, each]) => [encode(name), encode(each)]);
    return Buffer.concat([control(7, fields.length / 2), ...fields]);
  }
  const bytes = Buffer.alloc(Number.isInteger(value) && value >= 0 ? 4 : 8);
  if (bytes.length === 4) bytes.writeUInt32BE(value);
  else bytes.writeDoubleBE(value);
  return Buffer.concat([control(bytes.length === 4 ? 6 : 3, bytes.length), bytes]);
}

function control(type: number, size: number): Buffer {
  if (size > 284) throw new Error('no test needs a value that long');
  const [short, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return type > 7 ? Buffer.from([short, type - 7, ...more]) : Buffer.from([(type << 5) | short, ...more]);
}

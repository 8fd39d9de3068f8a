import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, normalAddress, parseTrust } from '../../src/kernel/address.ts';
import { readForwarded, readXForwarded, viewerAddress, writeForwarded } from '../../src/kernel/http/forwarded.ts';
import { parseProxyHeader } from '../../src/kernel/proxy-protocol.ts';

const ipv4 = fc.ipV4();
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(addressOf);
const ip = fc.oneof(ipv4, ipv6);
const port = fc.integer({ min: 0, max: 65_535 });

function line(source: string, from: number): Buffer {
  const family = source.includes(':') ? 'TCP6' : 'TCP4';
  const target = source.includes(':') ? '2001:db8::1' : '198.51.100.1';
  return Buffer.from(`PROXY ${family} ${source} ${target} ${from} 443\r\n`);
}

function binary(addresses: Uint8Array, from: number, remarks: Uint8Array): Buffer {
  const half = addresses.length;
  const head = Buffer.alloc(16);
  head.write('\r\n\r\n\0\r\nQUIT\n', 'latin1');
  head[12] = 0x21;
  head[13] = half === 4 ? 0x11 : 0x21;
  head.writeUInt16BE(half * 2 + 4 + remarks.length, 14);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from, 0);
  return Buffer.concat([head, addresses, addresses, ports, remarks]);
}

describe('a PROXY header', () => {
  const anyHeader = fc.oneof(
    fc.tuple(ip, port).map(([source, from]) => ({ bytes: line(source, from), ip: normalAddress(source), port: from })),
    fc
      .tuple(
        fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
        port,
        fc.uint8Array({ maxLength: 600 }),
      )
      .map(([source, from, remarks]) => ({
        bytes: binary(source, from, remarks),
        ip: addressOf(source),
        port: from,
      })),
  );

  test('is read back as it was written, whatever stands behind it', () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 40 }), (header, rest) => {
        expect(parseProxyHeader(Buffer.concat([header.bytes, rest]))).toEqual({
          kind: 'header',
          sizeBytes: header.bytes.length,
          source: { ip: header.ip, port: header.port },
        });
      }),
    );
  });

  test('is waited for byte by byte: no part of one is taken for a whole or for none', () => {
    fc.assert(
      fc.property(anyHeader, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ({ bytes }, part) => {
        expect(parseProxyHeader(bytes.subarray(0, Math.floor(bytes.length * part)))).toEqual({ kind: 'more' });
      }),
    );
  });

  test('of any bytes at all is one of three things, and never waited for without end', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from('PROXY TCP4 '),
      binary(new Uint8Array(4), 1, new Uint8Array()),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 5_000 }), (first, rest) => {
        const bytes = Buffer.concat([first, rest]);
        const header = parseProxyHeader(bytes);
        if (header.kind === 'header') expect(header.sizeBytes).toBeLessThanOrEqual(bytes.length);
        if (bytes.length > 4_096) expect(header.kind).not.toBe('more');
      }),
    );
  });
});

describe('what proxies say about a viewer', () => {
  test('is read in every spelling of an address, with or without a port', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(ip, fc.option(port)), { maxLength: 5 }), (nodes) => {
        const written = nodes.map(([address, at]) => {
          if (at === null) return address;
          return address.includes(':') ? `[${address}]:${at}` : `${address}:${at}`;
        });
        const chain = nodes.map(([address]) => normalAddress(address));
        expect(readXForwarded(written.length === 0 ? undefined : written.join(', '), undefined).chain).toEqual(chain);
        const forwarded = written.map((node) => `for="${node}";proto=https`).join(', ');
        expect(readForwarded(forwarded === '' ? undefined : forwarded).chain).toEqual(chain);
      }),
    );
  });

  test('survives being written', () => {
    fc.assert(
      fc.property(ip, fc.constantFrom('http', 'https'), (address, scheme) => {
        const told = readForwarded(writeForwarded(address, scheme, 'a.example:8080'));
        expect(told).toEqual({ chain: [normalAddress(address)], scheme });
      }),
    );
  });

  test('crashes nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const { chain } of [readForwarded(text), readXForwarded(text, text)]) {
          for (const node of chain) if (node !== undefined) expect(normalAddress(node)).toBe(node);
        }
      }),
    );
  });

  test('never makes the viewer one whom nobody trusted named', () => {
    fc.assert(
      fc.property(fc.array(ipv4, { maxLength: 6 }), ipv4, fc.array(ipv4), (chain, peer, trusted) => {
        const trusts = (address: string) => trusted.includes(address);
        const viewer = viewerAddress(peer, chain, trusts);
        const behind = [peer, ...chain.toReversed()];
        // Everybody between us and the viewer is trusted.
        expect(behind.slice(0, behind.indexOf(viewer)).every(trusts)).toBe(true);
        if (!trusts(peer)) expect(viewer).toBe(peer);
      }),
    );
  });

  test('is believed of the ranges that are listed and of no others', () => {
    const trusts = parseTrust('10.0.0.0/8, 203.0.113.7,2001:db8::/32');
    for (const each of ['10.1.2.3', '203.0.113.7', '2001:db8::1', '::ffff:10.0.0.1']) expect(trusts?.(each)).toBe(true);
    for (const each of ['11.0.0.1', '203.0.113.8', '2001:db9::1', 'unknown', '']) expect(trusts?.(each)).toBe(false);
    expect(parseTrust('')?.('10.0.0.1')).toBe(false);
    expect(parseTrust('private')?.('192.168.0.1')).toBe(true);
    expect(parseTrust('private')?.('8.8.8.8')).toBe(false);
    expect(parseTrust('10.0.0.0/8, nonsense')).toBeUndefined();
  });
});

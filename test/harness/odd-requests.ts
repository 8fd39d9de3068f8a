import fc from 'fast-check';

/** Requests as honest viewers and hostile ones send them: mostly right, and then wrong in one place or another. */
const mostly = (right: string, ...others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(right) },
    { weight: 1, arbitrary: fc.constantFrom<string>(right, ...others) },
  );

const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('GET', 'HEAD') },
  { weight: 1, arbitrary: fc.constantFrom('POST', 'OPTIONS', 'get', 'GET ', 'G\0T', 'PRI', '', 'GET\t', 'TRACE') },
);
const version = mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/2.0', 'HTTP/1.1 ', '', 'HTTP/11');
const lineEnd = fc.oneof(
  { weight: 60, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\n\r') },
);

const plainLine = fc.constantFrom<string>(
  'User-Agent: Mozilla/5.0 (X11)',
  'Accept: */*',
  'Accept-Encoding: gzip, br',
  'Cookie: a=b; c=d',
  'Range: bytes=0-3',
  'Range: bytes=2-',
  'If-None-Match: "tag"',
  'If-None-Match: *',
  'If-Modified-Since: Mon, 01 Jun 2026 12:00:00 GMT',
  'If-Match: "other"',
  'Cache-Control: no-cache',
  'Origin: https://page.example',
  'X-Forwarded-For: 203.0.113.9',
  'Forwarded: for=203.0.113.9',
  'Referer: https://page.example/',
  'Connection: keep-alive',
  'Priority: u=1',
  'X-Empty:',
);
const oddLine = fc.constantFrom<string>(
  'Host: other',
  'host: a',
  'Host:',
  'Host: a b',
  'Host: a/b',
  'Host: u@a',
  'Host: [::1]:80',
  'Content-Length: 0',
  'Content-Length: 3',
  'Content-Length: +3',
  'Content-length: 0x3',
  'Content-Length: 3, 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding : chunked',
  'transfer-encoding:\tchunked',
  'Transfer-Encoding: \x0bchunked',
  'Connection: close',
  'Connection: keep-alive, close',
  'Connection: Upgrade',
  'Connection: Range',
  'Proxy-Connection: close',
  'Keep-Alive: timeout=1',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Expect: more',
  'TE: trailers',
  'Trailer: X',
  'Set-Cookie: a=b',
  'Cookie: e=f',
  'Authorization: Basic x',
  'Max-Forwards: 0',
  ' folded',
  '\tfolded',
  ': none',
  'No colon',
  'Bad Name: x',
  'X:  spaces around  ',
  'X:\ttab',
  'X: a\tb',
  'X: \x7f',
  'X: \xe4\xff',
  'X: a\0b',
  'X_Y: z',
  '__proto__: x',
  'constructor: x',
  `X-Long: ${'x'.repeat(1_990)}`,
);
const line = fc.oneof({ weight: 20, arbitrary: plainLine }, { weight: 1, arbitrary: oddLine });
const host = mostly('Host: a', 'Host: a.example:8090', 'X: y', 'HOST: a', 'Host : a', 'Host:a', 'Host:  a');

/** A head of lines that end in one way or another. */
function head(target: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const first = fc.tuple(method, target, version).map((parts) => parts.join(' '));
  const lines = fc
    .tuple(host, fc.array(line, { maxLength: 6 }), fc.nat(6))
    .map(([own, others, at]) => others.toSpliced(at, 0, own));
  return fc
    .tuple(first, lines, fc.array(lineEnd, { minLength: 10, maxLength: 10 }))
    .map(([start, rest, ends]) =>
      [...[start, ...rest].map((text, at) => text + (ends[at] ?? '')), ends[9] ?? ''].join(''),
    );
}

/** One byte that matters, somewhere: put in, taken out or in the place of another. */
const slip = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(fc.constantFrom(0, 9, 10, 11, 13, 32, 35, 44, 47, 58, 59, 127, 128, 160, 255), fc.nat(255)),
  taken: fc.nat(1),
  put: fc.nat(1),
});

function slipped(
  bytes: Buffer,
  { at, byte, taken, put }: { at: number; byte: number; taken: number; put: number },
): Buffer {
  const place = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, place), Buffer.alloc(put, byte), bytes.subarray(place + taken)]);
}

/** A request for one of these targets, or something that once was one. */
export function requestFor(...targets: readonly string[]): fc.Arbitrary<Buffer> {
  const target = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...targets) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('*', 'http://b/a', '/a#b', '/\xe4', '//a', '/../a', '/%00', '', 'a', '/a b', '/"'),
    },
  );
  const body = mostly('', 'abc', '0\r\n\r\n', '3\r\nabc\r\n0\r\n\r\n', 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n');
  return fc.tuple(head(target), body, fc.option(slip, { freq: 1 })).map(([top, behind, wrong]) => {
    const bytes = Buffer.from(top + behind, 'latin1');
    return wrong ? slipped(bytes, wrong) : bytes;
  });
}

export const request = requestFor('/', '/a', '/a?b=c&d', '/assets/x/master.m3u8');

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALL_VIEWER, askSite, sendBytes, startAttackedSite, statusOf } from '../harness/attacked-site.ts';
import type { Asked } from '../harness/origin.ts';
import { behavior, distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

let edge: SiteEdge;
afterEach(() => edge.stop());

async function begin(...terms: Parameters<typeof startAttackedSite>): Promise<void> {
  edge = await startAttackedSite(...terms);
}

const ask = (target: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  askSite(edge, target, headers, method);
const raw = (bytes: string) => sendBytes(edge.s.url, bytes);

describe('a distribution whose origin is an edge', () => {
  test('this very one is answered 508 after one round, and keeps nothing of it', async () => {
    await begin();
    // The edge's address is known only once it runs, so the origin hands the request back to it.
    edge.origin.otherwise(async ({ target, headers, method }, response) => {
      const back = await edge.s.get(target, { method, headers: { ...flat(headers), host: HOST } });
      response.writeHead(back.status, { 'Cache-Control': 'max-age=60' }).end(back.body);
    });
    const answer = await ask('/a');
    expect([answer.status, edge.origin.asked.length]).toEqual([508, 1]);
    expect(answer.text).toContain('LOOP_DETECTED');
    edge.origin.serve('/a', { body: 'fine' });
    expect((await ask('/a')).text).toBe('fine');
  });

  test('this one through another is answered 508 after one round through both', async () => {
    await begin();
    const near = edge;
    const far = await startSiteEdge(() =>
      site({
        originRequestPolicies: { all: ALL_VIEWER },
        distributions: {
          dist: distribution([originAt(near.s.url)], {
            defaultCacheBehavior: behavior({ originRequestPolicyId: 'all' }),
          }),
        },
      }),
    );
    try {
      near.origin.otherwise(async ({ target, headers, method }, response) => {
        const back = await far.s.get(target, { method, headers: { ...flat(headers), host: HOST } });
        response.writeHead(back.status).end(back.body);
      });
      const answer = await near.s.get('/a', { headers: { Host: HOST } });
      expect(answer.status).toBe(508);
      expect(near.origin.asked.length).toBe(1);
    } finally {
      await far.stop();
    }
  });

  test('lets no viewer who writes the name of an edge into CDN-Loop fail those who wait with him', async () => {
    await begin();
    const held = edge.origin.hold('/a');
    const liar = ask('/a', { 'CDN-Loop': 'an-edge-behind' });
    await held.arrived;
    const honest = ask('/a');
    await expect.poll(() => edge.s.edge.readersOf('@dist/a')).toBe(2);
    edge.origin.serve('/a', { body: 'fine' });
    held.release({ status: 508 });
    expect((await liar).status).toBe(508);
    expect([(await honest).status, (await ask('/a')).status]).toEqual([200, 200]);
  });
});

function flat(headers: Asked['headers']): Record<string, string> {
  const { connection: _, 'content-length': __, 'transfer-encoding': ___, ...others } = headers;
  return Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)]));
}

describe('by the host', () => {
  const OTHER = 'other.example.com';
  beforeEach(async () => {
    await begin();
    edge.origin.otherwise(({ target, headers }, response) => void response.end(`${headers.host} ${target}`));
  });

  test.each([
    ['an absolute target for another host', `GET http://${OTHER}/a HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, '/other/a'],
    ['an absolute target for this one', `GET http://${HOST}/a HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`, '/a'],
    ['a port', `GET /a HTTP/1.1\r\nHost: ${HOST}:8443\r\n\r\n`, '/a'],
    ['capitals', `GET /a HTTP/1.1\r\nHost: WWW.Example.COM\r\n\r\n`, '/a'],
    ['the dot of a complete name', `GET /a HTTP/1.1\r\nHost: ${HOST}.\r\n\r\n`, '/a'],
  ])('%s leads to one distribution, and to it alone', async (_what, bytes, target) => {
    expect(statusOf(await raw(bytes))).toBe(200);
    expect(edge.origin.asked.map((each) => each.target)).toEqual([target]);
    // Told under its own name, whatever the viewer called it.
    expect(edge.origin.asked[0]?.headers.host).toBe(new URL(edge.origin.url).host);
  });

  test.each([
    ['two hosts', `Host: ${HOST}\r\nHost: ${OTHER}\r\n`],
    ['two hosts, one in capitals', `HOST: ${OTHER}\r\nHost: ${HOST}\r\n`],
    ['a list of hosts', `Host: ${HOST}, ${OTHER}\r\n`],
    ['a user before the host', `Host: ${HOST}@${OTHER}\r\n`],
    ['a path behind the host', `Host: ${HOST}/${OTHER}\r\n`],
    ['a line end in the host', `Host: ${HOST}\rHost: ${OTHER}\r\n`],
    ['a tab in the host', `Host: ${HOST}\t${OTHER}\r\n`],
    ['a zero byte in the host', `Host: ${HOST}\0.${OTHER}\r\n`],
    ['letters beyond ASCII', `Host: www.ex\xe4mple.com\r\n`],
    ['a port that is none', `Host: ${HOST}:80@${OTHER}\r\n`],
    ['a folded host', `Host:\r\n ${OTHER}\r\n`],
    ['a space before the colon', `Host : ${HOST}\r\n`],
  ])('%s leads nowhere', async (_what, lines) => {
    expect(statusOf(await raw(`GET /a HTTP/1.1\r\n${lines}\r\n`))).toBe(400);
    expect(edge.origin.asked).toEqual([]);
  });

  test.each(['www_example.com', `x.${HOST}`, `${HOST}.evil.example`, 'localhost', '127.0.0.1', '[::1]', `-${HOST}`])(
    '%s, which is nobody’s, does not lead into a distribution',
    async (host) => {
      await raw(`GET /a HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(edge.origin.asked).toEqual([]);
    },
  );

  test('a host in other fields leads nowhere else, nor into the answer of others', async () => {
    const names = ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-Forwarded-Server', 'X-HTTP-Host-Override'];
    const lies = Object.fromEntries(names.map((name) => [name, OTHER]));
    expect((await ask('/a', { ...lies, Forwarded: `host=${OTHER}` })).text).toMatch(/ \/a$/);
    expect(JSON.stringify(edge.origin.asked)).not.toContain(OTHER);
  });
});

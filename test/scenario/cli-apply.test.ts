import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { type Ended, frontrow } from '../harness/frontrow.ts';

// The command line over what an operator configures, against a real server.

const WRITTEN = readFileSync(fileURLToPath(new URL('../../docs/examples/site.yaml', import.meta.url)), 'utf8');

/** Where the example has something, counted from 1. */
const lineOf = (part: string) => WRITTEN.split('\n').findIndex((line) => line.includes(part)) + 1;

/** The example with a key that this server has. */
let EXAMPLE: string;
let server: ControlServer;

beforeAll(async () => {
  server = await startControl();
  const key = await ask('key', 'create', '--algorithm', 'ECDSA');
  EXAMPLE = WRITTEN.replace('K2JCJMDEHXQW5F', key.keyPairId);
});

afterAll(async () => {
  await server.stop();
});

function run(...args: string[]): Promise<Ended> {
  return frontrow(args, { environment: { FRONTROW_API: server.url, FRONTROW_TOKEN: server.adminToken } });
}

async function ask(...args: string[]) {
  const ended = await run(...args, '--json');
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return JSON.parse(ended.stdout);
}

function write(name: string, text: string): string {
  const file = join(server.folder, name);
  writeFileSync(file, text);
  return file;
}

const apply = (text: string, ...more: string[]) => run('apply', '-f', write('site.yaml', text), ...more);

describe('frontrow apply', () => {
  test('makes what the example says, and the second time has nothing to do', async () => {
    const first = await apply(EXAMPLE, '--yes');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain('+ distribution www');
    expect(first.stdout).toContain('Done. 4 to make, 0 to change, 0 to delete.');
    expect(first.stdout).toMatch(/^Warning: distributions\.www: cacheBehaviors\[0\]\.cachePolicyId names /m);
    expect(await apply(EXAMPLE, '--yes')).toEqual({ status: 0, stdout: 'Nothing to do.\n', stderr: '' });
    expect(await apply(EXAMPLE, '--dry-run')).toMatchObject({ status: 0 });
  });

  test('shows the fields that differ, and a dry run changes nothing', async () => {
    const changed = EXAMPLE.replace('defaultTTL: 60', 'defaultTTL: 120');
    const dry = await apply(changed, '--dry-run');
    expect(dry.status).toBe(2);
    expect(dry.stdout).toContain('~ cache policy pages\n    defaultTTL: 60 -> 120\n');
    expect(await apply(EXAMPLE, '--dry-run')).toMatchObject({ status: 0 });
    expect(await apply(changed, '--yes')).toMatchObject({ status: 0 });
    expect(await apply(changed, '--dry-run')).toMatchObject({ status: 0, stdout: 'Nothing to do.\n' });
  });

  test('makes good what somebody changed by hand', async () => {
    const { items } = await ask('distribution', 'list');
    const { id } = items.find(({ config }: { config: { comment: string } }) => config.comment === 'the shop');
    await ask('behavior', 'remove', id, '/images/*');
    const ended = await apply(EXAMPLE, '--yes');
    expect(ended.stdout).toMatch(/~ distribution www\n(.*\n)* {4}cacheBehaviors\[0\]\.pathPattern/);
    const { items: behaviors } = await ask('behavior', 'list', id);
    expect(behaviors.map(({ pathPattern }: { pathPattern: string }) => pathPattern)).toEqual(['/images/*', '/films/*']);
  });

  test('deletes only with --prune, and only what this site made', async () => {
    const other = await ask('distribution', 'create', '--origin', 'http://other.example:8000/site');
    const less = EXAMPLE.replace(/\ndistributions:[\s\S]*/, '\n');
    expect(await apply(less, '--yes')).toMatchObject({ status: 0, stdout: 'Nothing to do.\n' });
    const pruned = await apply(less, '--yes', '--prune');
    expect(pruned.stdout).toContain('- distribution www\n');
    expect(pruned.stdout).toContain('0 to make, 0 to change, 1 to delete.');
    const { items } = await ask('distribution', 'list');
    const ids = items.map(({ id }: { id: string }) => id);
    expect(ids).toContain(other.id);
    expect(ids).toContain('default');
    expect(await apply(EXAMPLE, '--yes')).toMatchObject({ status: 0 });
  });

  test('takes over what it did not make only when told to', async () => {
    const byHand = write('by-hand.json', JSON.stringify({ name: 'mine', comment: 'by hand' }));
    await ask('policy', 'create', '--kind', 'cache', '--file', byHand);
    const text = 'site: shop\ncachePolicies:\n  mine: { defaultTTL: 5 }\n';
    const refused = await apply(text, '--yes');
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/site\.yaml:3: a cache policy called mine is there.* \(NOT_OURS\)/);
    expect(await apply(text, '--yes', '--adopt')).toMatchObject({ status: 0 });
    expect(await ask('policy', 'show', 'mine')).toMatchObject({ config: { defaultTTL: 5, comment: '[site shop]' } });
  });

  test.each([
    ['broken YAML', 'site: shop\nkeyGroups: [a\n', /site\.yaml:\d: .*\(FILE_INVALID\)/],
    ['no site', 'keyGroups: {}\n', /site\.yaml:1: site must be a name/],
    ['a section that is none', 'site: shop\nkeygroups: {}\n', /site\.yaml:2: keygroups is no section; there are /],
    ['a name twice', 'site: shop\nkeyGroups:\n  a: {}\n  a: {}\n', /site\.yaml:4: .*unique/],
    [
      'a reference to nothing',
      WRITTEN.replace('cachePolicyId: pages', 'cachePolicyId: page'),
      new RegExp(
        `site\\.yaml:${lineOf('cachePolicyId: pages')}: distributions\\.www\\.defaultCacheBehavior\\.cachePolicyId: there is no cache policy called page\\.`,
      ),
    ],
    [
      'a field that the server refuses',
      WRITTEN.replace('K2JCJMDEHXQW5F', 'KNOBODYHASTHIS'),
      new RegExp(`site\\.yaml:${lineOf('items: [K')}: keyGroups\\.backend: items\\[0\\]`),
    ],
    [
      'a document of another form',
      'site: shop\ndistributions:\n  x:\n    origins:\n      - { id: o, domainName: o.example, connectionAttempts: nine }\n    defaultCacheBehavior: { targetOriginId: o }\n',
      /site\.yaml:5: distributions\.x: origins\[0\]\.connectionAttempts must be/,
    ],
  ])('says by file, line and field what is wrong with %s', async (_, text, says) => {
    const ended = await apply(text, '--yes');
    expect(ended).toMatchObject({ status: 1, stdout: '' });
    expect(ended.stderr).toMatch(says);
  });

  test('changes nothing further where somebody else changed something meanwhile', async () => {
    const changed = EXAMPLE.replace('defaultTTL: 60', 'defaultTTL: 61').replace(
      'comment: the shop',
      'comment: the shop!',
    );
    const between = createServer(async (request, response) => {
      const body = request.method === 'PUT' ? await buffer(request) : undefined;
      const headers = { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' };
      const put = (ifMatch: string) => {
        const init = {
          method: 'PUT',
          headers: { ...headers, 'if-match': ifMatch },
          ...(body ? { body: new Uint8Array(body) } : {}),
        };
        return fetch(server.url + request.url, init);
      };
      // Somebody is quicker by a moment.
      if (body) await put('*');
      const answer = body
        ? await put(request.headers['if-match'] ?? '')
        : await fetch(server.url + request.url, { headers });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
    between.listen(0, '127.0.0.1');
    await once(between, 'listening');
    const { port } = between.address() as AddressInfo;
    const environment = { FRONTROW_API: `http://127.0.0.1:${port}`, FRONTROW_TOKEN: server.adminToken };
    const ended = await frontrow(['apply', '-f', write('site.yaml', changed), '--yes'], { environment });
    between.close();
    expect(ended).toMatchObject({ status: 1, stdout: '' });
    expect(ended.stderr).toBe(
      'frontrow: Somebody else changed the cache policy pages meanwhile. Nothing was changed. (IF_MATCH_STALE)\n',
    );
    const { items } = await ask('distribution', 'list');
    expect(JSON.stringify(items)).not.toContain('the shop!');
    expect(await apply(EXAMPLE, '--yes')).toMatchObject({ status: 0 });
  });

  test('asks nobody where nobody is', async () => {
    const ended = await apply('site: other\nkeyGroups: { a: {} }\n');
    expect(ended).toMatchObject({ status: 2, stderr: expect.stringContaining('--yes') });
  });

  test('takes a secret from a variable, and shows it nowhere', async () => {
    const text =
      'site: shop\noriginAccessControls:\n  bucket: { region: eu-central-1, accessKeyId: AKIAEXAMPLE, secretAccessKeyFrom: BUCKET_SECRET }\n';
    expect((await apply(text, '--yes')).stderr).toMatch(/the variable BUCKET_SECRET is not set/);
    const file = write('site.yaml', text);
    const environment = { FRONTROW_API: server.url, FRONTROW_TOKEN: server.adminToken, BUCKET_SECRET: 's'.repeat(40) };
    const ended = await frontrow(['apply', '-f', file, '--yes', '--json'], { environment });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).not.toContain('ssss');
  });
});

describe('the commands over distributions', () => {
  test('make, show, change and delete', async () => {
    const made = await ask('distribution', 'create', '--origin', 'https://a.example/site', '--alias', 'a.shop.example');
    const { config } = await ask('distribution', 'show', made.id);
    expect(config.origins[0]).toMatchObject({ domainName: 'a.example', originPath: '/site' });
    const file = write('a.json', JSON.stringify({ ...config, comment: 'changed' }));
    expect(await ask('distribution', 'update', made.id, '--file', file)).toMatchObject({
      config: { comment: 'changed' },
    });
    const stale = await run('distribution', 'update', made.id, '--file', file, '--etag', made.etag);
    expect(stale).toMatchObject({ status: 1, stderr: expect.stringContaining('(IF_MATCH_STALE)') });
    expect(await ask('distribution', 'delete', made.id)).toEqual({ id: made.id, deleted: true });
  });

  test('add, move and remove behaviours, in their order', async () => {
    const { id } = await ask('distribution', 'create', '--origin', 'https://b.example');
    const order = async () => {
      const { items } = await ask('behavior', 'list', id);
      return items.map(({ pathPattern }: { pathPattern: string }) => pathPattern);
    };
    await ask('behavior', 'add', id, '/b/*');
    await ask('behavior', 'add', id, '/a/*', '--at', '1', '--protocol', 'https-only');
    await ask('behavior', 'add', id, '/c/*');
    expect(await order()).toEqual(['/a/*', '/b/*', '/c/*']);
    await ask('behavior', 'move', id, '/c/*', '--to', '1');
    expect(await order()).toEqual(['/c/*', '/a/*', '/b/*']);
    await ask('behavior', 'remove', id, '/a/*');
    expect(await order()).toEqual(['/c/*', '/b/*']);
    expect(await run('behavior', 'remove', id, '/a/*')).toMatchObject({ status: 1 });
  });

  test('list managed policies, and make and delete own ones by name', async () => {
    const { items } = await ask('policy', 'list', '--kind', 'cache');
    expect(items.map(({ config }: { config: { name: string } }) => config.name)).toContain('Managed-CachingOptimized');
    const file = write('p.yaml', 'name: brief\ndefaultTTL: 1\n');
    await ask('policy', 'create', '--kind', 'cache', '--file', file);
    expect(await ask('policy', 'delete', 'brief')).toMatchObject({ deleted: true });
  });

  test('make key groups and change their keys', async () => {
    const key = await ask('key', 'create', '--algorithm', 'ECDSA');
    const group = await ask('key-group', 'create', 'viewers', key.keyPairId);
    expect(group.config).toMatchObject({ name: 'viewers', items: [key.keyPairId] });
    const next = await ask('key', 'create', '--algorithm', 'ECDSA');
    const both = [key.keyPairId, next.keyPairId];
    expect(await ask('key-group', 'update', group.id, ...both)).toMatchObject({ config: { items: both } });
    expect(await ask('key-group', 'delete', group.id)).toMatchObject({ deleted: true });
  });

  test('invalidate, and wait until every edge has it', async () => {
    expect(await ask('invalidate', 'default', '/assets/*', '--tag', 'news', '--no-wait')).toMatchObject({
      paths: ['/assets/*', '#news'],
    });
    expect(await run('invalidate', 'default')).toMatchObject({ status: 2 });
  });
});

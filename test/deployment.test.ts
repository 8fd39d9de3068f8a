import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { CLIENT_VARIABLES, environmentName, loadSettings, SETTINGS } from '../src/config/settings.ts';
import { parseStorage } from '../src/config/storage.ts';
import { ROLES } from '../src/main.ts';

interface Service {
  readonly image: string;
  readonly command?: readonly string[] | string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly profiles?: readonly string[];
  readonly build?: { readonly dockerfile_inline: string };
}

const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const text = read('../docker-compose.yml');
const file = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(file.services);
const fleet = services.filter(([, { profiles }]) => profiles === undefined);
const ours = services.filter(([, { build }]) => build !== undefined);
const deployment = read('../docs/deployment.md');
const settings = read('../docs/settings.md');

/** What the shell may set, with what it is when it does not. */
const OPEN = /\$\{(\w+):-([^}]*)\}/g;
const filled = (value: string) => value.replaceAll(OPEN, (_, _name, otherwise) => otherwise);

test('the fleet is control, origin, two workers, two edges, PostgreSQL and an S3 server', () => {
  expect(fleet.map(([name]) => name)).toEqual([
    'control',
    'origin',
    'worker-1',
    'worker-2',
    'edge-1',
    'edge-2',
    'postgres',
    's3',
  ]);
});

test('every image is one that the page on deployment lists', () => {
  const based = ours.flatMap(([, { build }]) => [...(build?.dockerfile_inline.matchAll(/^FROM (\S+)/gm) ?? [])]);
  const images = [...services.map(([, { image }]) => image), ...based.map(([, image = '']) => image)];
  expect(images.filter((image) => !deployment.includes(`\`${image}\``))).toEqual([]);
});

test('every variable is a setting, or one that the page on deployment explains', () => {
  const known = new Set([...Object.keys(SETTINGS).map(environmentName), ...CLIENT_VARIABLES]);
  const named = [
    ...services.flatMap(([, { environment = {} }]) => Object.keys(environment)),
    ...[...text.matchAll(OPEN)].map(([, name = '']) => name),
    // Without a default the shell's silence would become an empty value.
    ...[...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name),
  ];
  const strange = named.filter((name) => {
    const page = name.startsWith('FRONTROW_') ? settings : deployment;
    return (name.startsWith('FRONTROW_') && !known.has(name)) || !page.includes(`\`${name}\``);
  });
  expect(strange).toEqual([]);
  expect([...text.matchAll(/\$\{?\w+/g)]).toHaveLength([...text.matchAll(OPEN)].length);
});

test('the settings of every service are ones that a server starts with', () => {
  for (const [, { environment = {} }] of ours) {
    const given = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filled(value)]));
    const loaded = loadSettings(given);
    if (loaded.storage !== '') expect(parseStorage(loaded.storage, loaded.data).kind).toBe('s3');
  }
});

test('what the page says must be equal is equal', () => {
  const section = deployment.split('## What must be equal')[1]?.split('\n## ')[0] ?? '';
  const names = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
  expect(names).toContain('FRONTROW_STORAGE');
  for (const name of names) {
    const values = new Set(ours.flatMap(([, { environment }]) => environment?.[name] ?? []));
    expect([name, values.size]).toEqual([name, values.size > 0 ? 1 : 0]);
  }
  const sharing = (name: string) => ours.filter(([, { environment }]) => environment?.[name]).map(([each]) => each);
  expect(sharing('FRONTROW_DATABASE_URL')).toEqual(['control', 'origin', 'worker-1', 'worker-2']);
  expect(sharing('FRONTROW_CONTENT_KEY_SECRET')).toEqual(sharing('FRONTROW_DATABASE_URL'));
  expect(sharing('FRONTROW_EDGE_SECRET')).toEqual(ours.map(([name]) => name));
});

test('every role is run by somebody, and no two processes share a data folder', () => {
  const roles = ours.flatMap(([, { command = [] }]) =>
    command.includes('edge') ? ['edge'] : (command.at(-1) ?? '').split(','),
  );
  expect(new Set(roles)).toEqual(new Set(ROLES));
  const folders = ours.map(([, { volumes = [] }]) => volumes.find((volume) => volume.endsWith(':/data')));
  expect(new Set(folders).size).toBe(ours.length);
});

test('services and volumes that are referred to are there, and ports are open to this machine only', () => {
  for (const [, { depends_on = [], volumes = [], ports = [] }] of services) {
    const awaited = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    expect(awaited.filter((name) => !(name in file.services))).toEqual([]);
    const kept = volumes.map((volume) => volume.split(':')[0] ?? '').filter((name) => name !== '.');
    expect(kept.filter((name) => !(name in file.volumes))).toEqual([]);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  }
  const hosts = ours.flatMap(([, { environment = {} }]) =>
    Object.values(environment).flatMap((value) =>
      [...value.matchAll(/(?:\/\/|@)([a-z0-9-]+):\d+/g)].map(([, host]) => host ?? ''),
    ),
  );
  expect(hosts.filter((host) => host !== 'localhost' && !(host in file.services))).toEqual([]);
});

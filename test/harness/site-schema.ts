import type { ApiDocument, Schema } from './api-document.ts';

/** Where in a site file documents of which schema stand. */
const SECTIONS = {
  originAccessControls: 'NewOriginAccessControlConfig',
  keyGroups: 'KeyGroupConfig',
  cachePolicies: 'CachePolicyConfig',
  originRequestPolicies: 'OriginRequestPolicyConfig',
  responseHeadersPolicies: 'ResponseHeadersPolicyConfig',
  distributions: 'DistributionConfig',
} as const;

const SECRET: Schema = { type: 'string', description: 'The name of the variable that the secret access key is in.' };

/** The schema of the file of `frontrow apply`, for editors: the API's own, with names before documents and not in them. */
export function printSiteSchema({ components }: ApiDocument): string {
  const name = { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,100}$' };
  const sections = Object.entries(SECTIONS).map(([section, schema]) => [
    section,
    { type: ['object', 'null'], propertyNames: name, additionalProperties: namedElsewhere(components.schemas[schema]) },
  ]);
  const site = { ...name, description: 'What the file makes carries this name.' };
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The file of frontrow apply',
    type: 'object',
    required: ['site'],
    additionalProperties: false,
    properties: { site, ...Object.fromEntries(sections) },
    $defs: Object.fromEntries(usedBy(Object.values(SECTIONS), components.schemas)),
  };
  return `${JSON.stringify(schema, undefined, 2).replaceAll('#/components/schemas/', '#/$defs/')}\n`;
}

function namedElsewhere({ properties = {}, required = [], examples: _examples, ...schema }: Schema = {}): Schema {
  const { name: _, secretAccessKey, ...others } = properties;
  const secret = secretAccessKey ? { secretAccessKeyFrom: SECRET } : {};
  return { ...schema, properties: { ...others, ...secret }, required: required.filter((each) => each !== 'name') };
}

/** The schemas that these name, and those that they name in turn. */
function usedBy(names: readonly string[], schemas: ApiDocument['components']['schemas']): [string, Schema][] {
  const used = new Map<string, Schema>();
  const follow = (schema: unknown) => {
    for (const [, name = ''] of JSON.stringify(schema ?? {}).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      const named = schemas[name];
      if (!named || used.has(name)) continue;
      used.set(name, named);
      follow(named);
    }
  };
  for (const name of names) follow(schemas[name]);
  return [...used].sort(([a], [b]) => (a < b ? -1 : 1));
}

import type { Json } from '../configuration.ts';
import { isJson, type Section } from './site-file.ts';

/** Names in a distribution that stand for other documents, which the API knows by ids. */
type Path = readonly (string | number)[];

/** The id of what is called so; undefined when nothing is. */
export type FindId = (section: Section, name: string, path: Path) => string;

const BEHAVIOR: Readonly<Record<string, Section>> = {
  cachePolicyId: 'cachePolicies',
  originRequestPolicyId: 'originRequestPolicies',
  responseHeadersPolicyId: 'responseHeadersPolicies',
};

/** The draft with ids for names. What has not the form of a distribution is left for the server to refuse. */
export function resolveReferences(draft: Json, findId: FindId): Json {
  const { defaultCacheBehavior: standard, cacheBehaviors: others, origins } = draft;
  return {
    ...draft,
    ...(isJson(standard) ? { defaultCacheBehavior: resolveBehavior(standard, ['defaultCacheBehavior'], findId) } : {}),
    ...mapList('cacheBehaviors', others, (each, path) => resolveBehavior(each, path, findId)),
    ...mapList('origins', origins, (each, path) => resolveOrigin(each, path, findId)),
  };
}

function resolveBehavior(behavior: Json, path: Path, findId: FindId): Json {
  const ids = Object.entries(BEHAVIOR).flatMap(([field, section]) => {
    const name = behavior[field];
    return typeof name === 'string' ? [[field, findId(section, name, [...path, field])]] : [];
  });
  const groups = behavior.trustedKeyGroups;
  const trusted = Array.isArray(groups)
    ? { trustedKeyGroups: groups.map((name, at) => idOf(name, [...path, 'trustedKeyGroups', at], findId)) }
    : {};
  return { ...behavior, ...Object.fromEntries(ids), ...trusted };
}

function idOf(name: unknown, path: Path, findId: FindId): unknown {
  return typeof name === 'string' ? findId('keyGroups', name, path) : name;
}

function resolveOrigin(origin: Json, path: Path, findId: FindId): Json {
  const name = origin.originAccessControlId;
  if (typeof name !== 'string') return origin;
  const id = findId('originAccessControls', name, [...path, 'originAccessControlId']);
  return { ...origin, originAccessControlId: id };
}

function mapList(field: string, list: unknown, change: (each: Json, path: Path) => Json): Json {
  if (!Array.isArray(list)) return {};
  return { [field]: list.map((each: unknown, at) => (isJson(each) ? change(each, [field, at]) : each)) };
}

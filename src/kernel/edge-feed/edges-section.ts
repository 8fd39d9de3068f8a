import { type FleetEdge, isEdgeUrl, isLocation } from '../steering/fleet.ts';
import { isRecord } from './message.ts';

/** The section `edges`: all edges that viewers may be sent to, as control knows them. */
export interface EdgesSection {
  readonly edges: readonly FleetEdge[];
}

export function isEdgesSection(value: unknown): value is EdgesSection {
  return isRecord(value) && Array.isArray(value.edges) && value.edges.every(isFleetEdge);
}

/** What a player is told to call an edge. */
const PATHWAY_ID = /^[\w.-]{1,64}$/;

function isFleetEdge(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, url, location, healthy, draining, load } = value;
  return (
    typeof id === 'string' &&
    PATHWAY_ID.test(id) &&
    typeof url === 'string' &&
    isEdgeUrl(url) &&
    (location === undefined || isLocation(location)) &&
    typeof healthy === 'boolean' &&
    typeof draining === 'boolean' &&
    typeof load === 'number' &&
    load >= 0
  );
}

import type { EdgesSection } from '../../kernel/edge-feed/edges-section.ts';
import type { FleetEdge } from '../../kernel/steering/fleet.ts';
import { type StateSection, versionOf } from './sections.ts';

/** The edges among which viewers are steered. */
export function edgesSection(fleet: () => Promise<readonly FleetEdge[]>): StateSection {
  return {
    name: 'edges',
    read: async () => {
      const value: EdgesSection = { edges: await fleet() };
      return { version: versionOf(value), value };
    },
  };
}

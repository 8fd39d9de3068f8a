import type { EdgeMode } from './parts.ts';

/** In front of somebody else's origin every ordinary path is that origin's, `/health` too. */
const HEALTH: Readonly<Record<EdgeMode, string>> = { film: '/health', proxy: '/.well-known/frontrow/health' };

/** Where an edge tells whether it is well. */
export function healthPathOf(mode: EdgeMode): string {
  return HEALTH[mode];
}

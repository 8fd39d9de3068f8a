import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ChannelClient } from '../channel/channel-client.ts';

interface Flying {
  readonly id: number;
  readonly reaction: string;
  readonly left: number;
  readonly delayMs: number;
}

const FLIGHT_MS = 2_600;
/** Of one kind at a time: a crowd is told by a handful. */
const MOST_AT_ONCE = 6;
const MOST_IN_THE_AIR = 40;

let count = 0;

/** What viewers feel, rising over the picture. */
export function ReactionShower({ client }: { client: ChannelClient }): VNode {
  const [flying, setFlying] = useState<readonly Flying[]>([]);
  useEffect(() => {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const stop = client.onReactions((counts) => {
      const rising = Object.entries(counts).flatMap(([reaction, many]) => riseOf(reaction, many));
      setFlying((now) => [...now, ...rising].slice(-MOST_IN_THE_AIR));
      const timer = setTimeout(() => {
        timers.delete(timer);
        const gone = new Set(rising.map(({ id }) => id));
        setFlying((now) => now.filter(({ id }) => !gone.has(id)));
      }, FLIGHT_MS + 1_000);
      timers.add(timer);
    });
    return () => {
      stop();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [client]);
  return (
    <div class="shower" aria-hidden="true" data-testid="shower" noautohide>
      {flying.map(({ id, reaction, left, delayMs }) => (
        <span key={id} style={{ left: `${left}%`, animationDelay: `${delayMs}ms` }}>
          {reaction}
        </span>
      ))}
    </div>
  );
}

function riseOf(reaction: string, many: number): readonly Flying[] {
  return Array.from({ length: Math.min(MOST_AT_ONCE, many) }, () => {
    count += 1;
    return { id: count, reaction, left: 62 + Math.random() * 32, delayMs: Math.random() * 900 };
  });
}

/** `npm run bench [edge|edge-tls|behaviors|access|feed|cold|idle|eviction|restart|ladder|film|glass|workers|memory|channel|live-viewers|live-streams|recording]`: every measurement beside a peer in the same run, printed as Markdown tables. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { benchAccess } from './access.bench.ts';
import { benchBehaviors } from './behaviors.bench.ts';
import { benchChannel } from './channel.bench.ts';
import { benchCold } from './cold.bench.ts';
import { benchEdge, benchEdgeTls } from './edge.bench.ts';
import { benchEviction } from './eviction.bench.ts';
import { benchFeed } from './feed.bench.ts';
import { benchFilm } from './film.bench.ts';
import { benchGlass } from './glass.bench.ts';
import { benchIdle } from './idle.bench.ts';
import { benchLadder } from './ladder.bench.ts';
import { benchLiveStreams } from './live-streams.bench.ts';
import { benchLiveViewers } from './live-viewers.bench.ts';
import { type Table, writeTable } from './measure.ts';
import { benchMemory } from './memory.bench.ts';
import { benchRecording } from './recording.bench.ts';
import { benchRestart } from './restart.bench.ts';
import { benchWorkers } from './workers.bench.ts';

interface Bench {
  readonly name: string;
  /** Programs it cannot do without. */
  readonly needs: readonly string[];
  readonly run: () => Promise<Table[]>;
}

const BENCHES: readonly Bench[] = [
  { name: 'edge', needs: ['nginx', 'varnishd', 'wrk', 'taskset'], run: benchEdge },
  { name: 'edge-tls', needs: ['nginx', 'varnishd', 'wrk', 'h2load', 'taskset'], run: benchEdgeTls },
  { name: 'behaviors', needs: ['wrk', 'taskset'], run: benchBehaviors },
  { name: 'access', needs: [], run: benchAccess },
  { name: 'feed', needs: [], run: benchFeed },
  { name: 'cold', needs: ['nginx', 'varnishd', 'taskset'], run: benchCold },
  { name: 'idle', needs: ['nginx', 'varnishd', 'taskset'], run: benchIdle },
  { name: 'eviction', needs: [], run: benchEviction },
  { name: 'restart', needs: ['nginx', 'taskset'], run: benchRestart },
  { name: 'ladder', needs: ['ffmpeg'], run: benchLadder },
  { name: 'film', needs: ['ffmpeg', 'chromium'], run: benchFilm },
  { name: 'glass', needs: ['ffmpeg', 'chromium'], run: benchGlass },
  { name: 'workers', needs: ['ffmpeg'], run: benchWorkers },
  { name: 'memory', needs: ['ffmpeg'], run: benchMemory },
  { name: 'channel', needs: ['taskset'], run: benchChannel },
  { name: 'live-viewers', needs: ['nginx', 'ffmpeg', 'taskset'], run: benchLiveViewers },
  { name: 'live-streams', needs: ['ffmpeg'], run: benchLiveStreams },
  { name: 'recording', needs: ['ffmpeg'], run: benchRecording },
];

const wanted = process.argv.slice(2);
const model = cpus()[0]?.model ?? 'unknown processor';
console.log(`${cpus().length} cores, ${model}, Node ${process.version}\n`);
for (const bench of BENCHES) {
  if (wanted.length > 0 && !wanted.includes(bench.name)) continue;
  const missing = bench.needs.filter((program) => !isInstalled(program));
  if (missing.length > 0) {
    console.log(`${bench.name}: skipped, ${missing.join(' and ')} not installed\n`);
    continue;
  }
  for (const table of await bench.run()) console.log(writeTable(table));
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

import cliProgress, { type Options, type Params } from 'cli-progress';

/** A bar on stderr; the only door to cli-progress. */
export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

/** What is counted; bytes are shown in MB. */
export type Unit = 'bytes' | 'segments' | 'entries' | 'edges';

const SILENT: Progress = { update() {}, stop() {} };

export function createProgress(label: string, unit: Unit, visible: boolean): Progress {
  if (!visible) return SILENT;
  const bar = new cliProgress.SingleBar({
    format: (options, params) => writeBar(options, params, label, unit),
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  let started = false;
  return {
    update(done, total) {
      if (!started) bar.start(total, done);
      else bar.setTotal(total);
      started = true;
      bar.update(done);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

function writeBar(options: Options, params: Params, label: string, unit: Unit): string {
  const count = (value: number) => (unit === 'bytes' ? (value / 1e6).toFixed(1) : String(value));
  const name = unit === 'bytes' ? 'MB' : unit;
  const percent = String(Math.floor(params.progress * 100)).padStart(3);
  const bar = cliProgress.Format.BarFormat(params.progress, { ...options, barsize: 30 });
  return `${label} ${bar} ${percent}%  ${count(params.value)} of ${count(params.total)} ${name}`;
}

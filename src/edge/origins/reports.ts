import type { OriginReport } from './origins.ts';

/** An origin that is asked in several ways is one: as ill as the worst of them. */
export function byName(reports: readonly OriginReport[]): readonly OriginReport[] {
  const all = new Map<string, OriginReport>();
  for (const report of reports) {
    const known = all.get(report.name);
    all.set(report.name, known ? together(known, report) : report);
  }
  return [...all.values()];
}

function together(one: OriginReport, other: OriginReport): OriginReport {
  return {
    name: one.name,
    up: one.up && other.up,
    circuit: one.circuit === 'closed' ? other.circuit : one.circuit,
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    failovers: one.failovers + other.failovers,
  };
}

/** Reading the arguments and the report of a vitest run. */

/** Counts of a vitest JSON report. A file that broke before its first test is one failure. */
export function countTests(report) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const having = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: having('passed'),
    failed: having('failed') + broken.length,
    skipped: having('pending', 'skipped', 'todo', 'disabled'),
  };
}

/** Whether these vitest arguments can reach one of `rings`. */
export function reaches(args, rings) {
  const projects = args.flatMap((arg, at) => {
    if (arg === '--project') return [args[at + 1] ?? ''];
    return arg.startsWith('--project=') ? [arg.slice('--project='.length)] : [];
  });
  return projects.length === 0 || projects.some((project) => rings.includes(project) || /[*!]/.test(project));
}

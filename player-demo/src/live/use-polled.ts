import { useCallback, useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';

export interface Polled<T> {
  readonly value: T | undefined;
  /** Of the last try; what was read before stays. */
  readonly problem: Problem | undefined;
  readonly reload: () => void;
}

/** Reads something again and again while somebody looks at it. `read` must stay the same from render to render. */
export function usePolled<T>(read: () => Promise<T>, everyMs: number): Polled<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let current = true;
    const again = async (): Promise<void> => {
      try {
        const next = await read();
        if (!current) return;
        setValue(next);
        setProblem(undefined);
      } catch (thrown) {
        if (current) setProblem(Problem.from(thrown));
      }
      if (current) timer = setTimeout(() => void again(), everyMs);
    };
    void again();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [read, everyMs, round]);
  return { value, problem, reload: useCallback(() => setRound((count) => count + 1), []) };
}

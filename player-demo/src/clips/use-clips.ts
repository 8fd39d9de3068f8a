import { useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Asset, ClipWish } from '../api/shapes.ts';
import { api } from '../session.ts';

/** The clips that this page made of an asset, newest first, and the means to make another. */
export function useClips(assetId: string | undefined): {
  made: readonly Asset[];
  busy: boolean;
  problem: Problem | undefined;
  make: (wish: ClipWish) => Promise<void>;
} {
  const [made, setMade] = useState<readonly Asset[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const make = async (wish: ClipWish) => {
    if (assetId === undefined) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const clip = await api.clipAsset(assetId, wish);
      setMade((before) => [clip, ...before]);
    } catch (thrown) {
      setProblem(Problem.from(thrown));
    }
    setBusy(false);
  };
  return { made, busy, problem, make };
}

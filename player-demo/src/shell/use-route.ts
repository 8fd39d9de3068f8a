import { useEffect, useMemo, useState } from 'preact/hooks';
import { parseRoute, type Route, writeRoute } from '../route.ts';

/** The page the address names, rendering again whenever it changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(() => location.hash);
  useEffect(() => {
    const read = () => setHash(location.hash);
    read(); // It may have changed between the first render and this effect.
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** As `goTo`, and the way back does not lead here again: a link that has been used opens nothing. */
export function goOnTo(route: Route): void {
  location.replace(writeRoute(route));
}

export function goTo(route: Route): void {
  location.hash = writeRoute(route);
}

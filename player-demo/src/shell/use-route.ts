import { useEffect, useState } from 'preact/hooks';
import { parseRoute, type Route, writeRoute } from '../route.ts';

/** The page the address names, rendering again whenever it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const read = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return route;
}

export function goTo(route: Route): void {
  location.hash = writeRoute(route);
}

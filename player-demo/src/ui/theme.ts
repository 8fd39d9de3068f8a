import { Cell } from '../cell.ts';

export type Theme = 'system' | 'light' | 'dark';

const THEME_KEY = 'frontrow.theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

export const theme = new Cell<Theme>(readTheme());

/** System, light, dark, and round again. */
export function turnTheme(): void {
  const next = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'system';
  theme.set(next);
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(THEME_KEY, next);
  } catch {
    // Storage forbidden: the choice lasts as long as the page.
  }
}

function readTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

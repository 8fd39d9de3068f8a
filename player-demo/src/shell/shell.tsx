import type { ComponentChildren, VNode } from 'preact';
import { useCell } from '../cell.ts';
import type { Route } from '../route.ts';
import { library } from '../stores.ts';
import { Icon, type IconName, Logo } from '../ui/icons.tsx';
import { type Theme, theme, turnTheme } from '../ui/theme.ts';
import { Who } from './who.tsx';

const LINKS: readonly { page: Route['page']; href: string; icon: IconName; label: string; short: string }[] = [
  { page: 'library', href: '#/', icon: 'film', label: 'Library', short: 'Library' },
  { page: 'live', href: '#/live', icon: 'live', label: 'Live', short: 'Live' },
  { page: 'sign', href: '#/sign', icon: 'pen', label: 'Sign a film', short: 'Sign' },
  { page: 'keys', href: '#/keys', icon: 'key', label: 'Signing keys', short: 'Keys' },
];

/** The frame around every signed-in page: a side bar on wide screens, a top bar and tabs on a phone. */
export function Shell({ page, children }: { page: Route['page']; children: ComponentChildren }): VNode {
  return (
    <div class="shell">
      <button type="button" class="skip-link" onClick={() => document.getElementById('content')?.focus()}>
        Skip to content
      </button>
      <header class="side">
        <a class="brand" href="#/" aria-label="Frontrow, to the library">
          <Logo />
          <span>Frontrow</span>
        </a>
        <nav class="nav" aria-label="Main">
          {LINKS.map((link) => (
            <a key={link.page} href={link.href} aria-current={isCurrent(link.page, page) ? 'page' : undefined}>
              <Icon name={link.icon} />
              <span class="nav-long">{link.label}</span>
              <span class="nav-short">{link.short}</span>
            </a>
          ))}
          <a href="/docs" target="_blank" rel="noreferrer">
            <Icon name="book" />
            <span class="nav-long">API reference</span>
            <span class="nav-short">API</span>
          </a>
        </nav>
        <div class="side-foot">
          <FeedLamp />
          <ThemeButton />
        </div>
        <Who />
      </header>
      <main class="content" id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function isCurrent(link: Route['page'], page: Route['page']): boolean {
  if (link === 'live') return page === 'live' || page === 'broadcast' || page === 'tune-in';
  return link === page || (link === 'library' && page === 'watch');
}

const FEED_LABELS = { live: 'Connected', connecting: 'Connecting', polling: 'Reconnecting' } as const;

function FeedLamp(): VNode {
  const state = useCell(library.feedState);
  return (
    <span class={`feed-lamp feed-${state}`} role="status" title={`Updates from the server: ${FEED_LABELS[state]}`}>
      <i aria-hidden="true" />
      <span>{FEED_LABELS[state]}</span>
    </span>
  );
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: 'screen', light: 'sun', dark: 'moon' };

export function ThemeButton(): VNode {
  const now = useCell(theme);
  const label = `Theme: ${now}`;
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={turnTheme} data-testid="theme">
      <Icon name={THEME_ICONS[now]} />
    </button>
  );
}

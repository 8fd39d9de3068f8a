import type { VNode } from 'preact';

const PATHS = {
  film: 'M4 5.5h16v13H4zM8.5 5.5v13M15.5 5.5v13M4 9.8h4.5M4 14.2h4.5M15.5 9.8H20M15.5 14.2H20',
  pen: 'M14.5 5.5l4 4M4.5 19.5l1-4.5L16 4.5a1.4 1.4 0 0 1 2 0L19.5 6a1.4 1.4 0 0 1 0 2L9 18.5z',
  key: 'M14.5 14a4.5 4.5 0 1 0-4.3-3.2L4 17v3h3v-2h2v-2h2l1.3-1.3c.7.2 1.4.3 2.2.3zM15.8 8.2h.01',
  book: 'M5 5.5A1.5 1.5 0 0 1 6.5 4H19v13H6.5A1.5 1.5 0 0 0 5 18.5v0A1.5 1.5 0 0 0 6.5 20H19M5 5.5v13',
  upload: 'M12 15.5V4.5M7.5 8.5L12 4l4.5 4.5M4.5 15.5v3A1.5 1.5 0 0 0 6 20h12a1.5 1.5 0 0 0 1.5-1.5v-3',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1',
  lock: 'M6 11h12v8.5H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  globe:
    'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM4 12h16M12 4c2.3 2.2 3.4 4.9 3.4 8s-1.1 5.8-3.4 8c-2.3-2.2-3.4-4.9-3.4-8S9.7 6.2 12 4z',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.7 12.5h8.6L17 7M10.5 11v5M13.5 11v5',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  copy: 'M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9',
  pause: 'M8.5 6v12M15.5 6v12',
  play: 'M8 5.5v13l10.5-6.5z',
  retry: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.3 15.3L20 20',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  leave: 'M14 4.5H6.5A1.5 1.5 0 0 0 5 6v12a1.5 1.5 0 0 0 1.5 1.5H14M10 12h10M16.5 8.5L20 12l-3.5 3.5',
  chart: 'M4 19.5h16M6.5 16v-4M11 16V6M15.5 16V9.5M20 16v-2',
  gear: 'M4 7.5h9M17 7.5h3M4 16.5h3M11 16.5h9M15 5.2v4.6M9 14.2v4.6',
  warn: 'M12 9.5v4.5M12 17h.01M10.7 4.5L3 18a1.5 1.5 0 0 0 1.3 2.2h15.4A1.5 1.5 0 0 0 21 18L13.3 4.5a1.5 1.5 0 0 0-2.6 0z',
  back: 'M14.5 5.5L8 12l6.5 6.5',
  plus: 'M12 5v14M5 12h14',
  download: 'M12 4.5v11M7.5 11.5L12 16l4.5-4.5M4.5 19.5h15',
  cloud: 'M7 18.5a4 4 0 0 1-.6-7.95A5.5 5.5 0 0 1 17 9.2a4.7 4.7 0 0 1-.5 9.3z',
  captions: 'M4 6h16v12H4zM7.5 11h4M13.5 11h3M7.5 14.5h2.5M12 14.5h4.5',
  voice: 'M12 15a3 3 0 0 0 3-3V7a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3',
  live: 'M12 13.2a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4zM8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8',
  camera: 'M4 7h11v10H4zM15 10.5l5-3v9l-5-3',
  chat: 'M4.5 5.5h15v10.5H11L7 19.5V16H4.5z',
  eye: 'M3.5 12S6.5 6.5 12 6.5s8.5 5.5 8.5 5.5-3 5.5-8.5 5.5S3.5 12 3.5 12zM12 14.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6z',
  'eye-off':
    'M4 4l16 16M9.5 7c.8-.3 1.6-.5 2.5-.5 5.5 0 8.5 5.5 8.5 5.5a14 14 0 0 1-2.6 3.2M6.4 8.3A13.6 13.6 0 0 0 3.5 12s3 5.5 8.5 5.5c1.3 0 2.4-.3 3.5-.7',
  send: 'M4.5 12l15-7-4.5 15-3.5-6z',
  stop: 'M6.5 6.5h11v11h-11z',
  ban: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM6.4 6.4l11.2 11.2',
  scissors:
    'M6.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM6.5 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8.5 8.5L19 17.5M8.5 15.5L19 6.5',
  grid: 'M4.5 5.5h15v13h-15zM9.5 5.5v13M14.5 5.5v13M4.5 14h15',
  wave: 'M4 10v4M8 7v10M12 4.5v15M16 8v8M20 10.5v3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }): VNode {
  const stroke = name === 'more' ? 2.4 : 1.6;
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={stroke}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A play mark with two rows of seats in front of it; the nearest row is lit. */
export function Logo({ size = 26 }: { size?: number }): VNode {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect class="logo-tile" width="32" height="32" rx="8" />
      <path class="logo-play" d="M7.6 10.3v11.4c0 .9 1 1.5 1.8 1l8.7-5.7c.7-.5.7-1.5 0-2L9.4 9.3c-.8-.5-1.8.1-1.8 1z" />
      <path class="logo-row-front" d="M20.3 9.2c2.5 4.2 2.5 9.4 0 13.6" />
      <path class="logo-row-back" d="M24.7 7c3.3 5.6 3.3 12.4 0 18" />
    </svg>
  );
}

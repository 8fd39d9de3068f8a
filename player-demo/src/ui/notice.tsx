import type { ComponentChildren, VNode } from 'preact';
import { Icon, type IconName } from './icons.tsx';

interface NoticeProps {
  readonly icon: IconName;
  readonly title: string;
  readonly code?: string;
  readonly children?: ComponentChildren;
  readonly testId?: string;
}

/** A whole area's message: nothing here yet, something went wrong, the address is unknown. */
export function Notice({ icon, title, code, children, testId }: NoticeProps): VNode {
  return (
    <section class="notice" data-testid={testId}>
      <span class="notice-icon">
        <Icon name={icon} size={22} />
      </span>
      <h2>{title}</h2>
      {children}
      {code && <code class="code-chip">{code}</code>}
    </section>
  );
}

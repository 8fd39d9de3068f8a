import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { CopyButton } from '../ui/controls.tsx';
import { highlight } from './highlight.ts';

export function CodeBlock({ title, code, testId }: { title: string; code: string; testId?: string }): VNode {
  const tokens = useMemo(() => highlight(code), [code]);
  return (
    <figure class="code-block">
      <figcaption>
        <span>{title}</span>
        <CopyButton text={code} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard. */}
      <pre tabIndex={0} data-testid={testId}>
        <code>
          {tokens.map((token, index) => (
            <span key={index} class={`code-${token.kind}`}>
              {token.text}
            </span>
          ))}
        </code>
      </pre>
    </figure>
  );
}

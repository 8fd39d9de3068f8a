import type { VNode } from 'preact';
import type { Problem } from '../api/problem.ts';
import { Button } from './controls.tsx';
import { Icon } from './icons.tsx';

interface ProblemBarProps {
  readonly problem: Problem;
  readonly onRetry: () => void;
  readonly testId?: string;
}

/** Over a page whose content could not be read. */
export function ProblemBar({ problem, onRetry, testId }: ProblemBarProps): VNode {
  return (
    <p class="alert alert-wide" role="alert" data-testid={testId}>
      <Icon name="warn" />
      <span>
        {problem.message} <code>{problem.code}</code>
      </span>
      <Button icon="retry" onClick={onRetry}>
        Try again
      </Button>
    </p>
  );
}

import type { VNode } from 'preact';
import { Problem } from '../api/problem.ts';
import { Cell, useCell } from '../cell.ts';
import { IconButton } from './controls.tsx';
import { Icon } from './icons.tsx';

interface Toast {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly says: string;
  readonly code?: string;
}

const SHOWN_MS = 6_000;
const toasts = new Cell<readonly Toast[]>([]);
let count = 0;

export function tell(says: string): void {
  show({ tone: 'good', says });
}

/** Shows what went wrong with its code, so that it can be searched for. */
export function tellProblem(thrown: unknown): void {
  const problem = Problem.from(thrown);
  show({ tone: 'bad', says: problem.message, code: problem.code });
}

function show(toast: Omit<Toast, 'id'>): void {
  count += 1;
  const id = count;
  toasts.update((list) => [...list.slice(-2), { ...toast, id }]);
  setTimeout(() => drop(id), SHOWN_MS);
}

function drop(id: number): void {
  toasts.update((list) => list.filter((toast) => toast.id !== id));
}

export function Toasts(): VNode {
  const list = useCell(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {list.map((toast) => (
        <div key={toast.id} class={`toast toast-${toast.tone}`} data-testid="toast">
          <Icon name={toast.tone === 'good' ? 'check' : 'warn'} />
          <p>
            {toast.says} {toast.code && <code>{toast.code}</code>}
          </p>
          <IconButton icon="close" label="Dismiss" onClick={() => drop(toast.id)} />
        </div>
      ))}
    </div>
  );
}

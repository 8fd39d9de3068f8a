import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import { Button } from './controls.tsx';
import { Dialog } from './dialog.tsx';
import type { IconName } from './icons.tsx';

interface FormDialogProps {
  readonly title: string;
  /** Of the button that sends it. */
  readonly label: string;
  readonly isReady: boolean;
  readonly work: () => Promise<void>;
  readonly onClose: () => void;
  /** Where something else than the dialog's end follows on success. */
  readonly onDone?: () => void;
  /** What is wrong before anything was sent. */
  readonly problem?: Problem | undefined;
  readonly children: ComponentChildren;
  readonly testId?: string;
  readonly submitTestId: string;
}

/** Asks for something and does it: busy while it lasts, open with the reason when it fails. */
export function FormDialog(props: FormDialogProps): VNode {
  const { title, label, isReady, work, onClose, onDone = onClose, children, testId, submitTestId } = props;
  const { busy, problem = props.problem, run } = useWork(onDone);
  const submit = (event: Event) => {
    event.preventDefault();
    if (isReady) run(work);
  };
  return (
    <Dialog title={title} onClose={onClose} {...(testId === undefined ? {} : { testId })}>
      <form class="stack" onSubmit={submit}>
        {children}
        <ProblemLine problem={problem} />
        <div class="dialog-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={busy} disabled={!isReady} data-testid={submitTestId}>
            {label}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface ConfirmDialogProps {
  readonly title: string;
  readonly says: string;
  /** Of the button that leaves all as it is. */
  readonly keep: string;
  readonly label: string;
  readonly icon?: IconName;
  readonly work: () => Promise<void>;
  readonly onClose: () => void;
  readonly testId: string;
}

/** Asks once more before something that cannot be undone, or that others feel at once. */
export function ConfirmDialog({ title, says, keep, label, icon, work, onClose, testId }: ConfirmDialogProps): VNode {
  const { busy, problem, run } = useWork(onClose);
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="muted">{says}</p>
      <ProblemLine problem={problem} />
      <div class="dialog-actions">
        <Button onClick={onClose}>{keep}</Button>
        <Button look="danger" {...(icon ? { icon } : {})} busy={busy} onClick={() => run(work)} data-testid={testId}>
          {label}
        </Button>
      </div>
    </Dialog>
  );
}

function useWork(onDone: () => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    work().then(onDone, (thrown: unknown) => {
      setProblem(Problem.from(thrown));
      setBusy(false);
    });
  };
  return { busy, problem, run };
}

function ProblemLine({ problem }: { problem: Problem | undefined }): VNode | null {
  if (!problem) return null;
  return (
    <p class="alert" role="alert" data-testid="dialog-problem">
      {problem.message} <code>{problem.code}</code>
    </p>
  );
}

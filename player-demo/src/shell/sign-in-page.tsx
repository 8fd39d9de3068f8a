import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import { readPastedCredential } from '../route.ts';
import { api, signIn } from '../session.ts';
import { Button, Field } from '../ui/controls.tsx';
import { Logo } from '../ui/icons.tsx';
import { ThemeButton } from './shell.tsx';
import { goOnTo } from './use-route.ts';

/** Opens a session from the printed link, from a pasted link, or with a pasted API token. */
export function SignInPage({ signInToken }: { signInToken?: string }): VNode {
  const [busy, setBusy] = useState(signInToken !== undefined);
  const [problem, setProblem] = useState<Problem>();
  const exchange = async (token: string) => {
    setBusy(true);
    setProblem(undefined);
    try {
      const session = await api.openSession(token);
      signIn(session.token);
      goOnTo({ page: 'library' });
    } catch (thrown) {
      setProblem(Problem.from(thrown));
      setBusy(false);
    }
  };
  useEffect(() => {
    if (signInToken !== undefined) void exchange(signInToken);
  }, [signInToken]);
  return (
    <main class="gate">
      <div class="gate-theme">
        <ThemeButton />
      </div>
      <section class="gate-box" data-testid="sign-in">
        <Logo size={44} />
        {busy ? <Opening /> : <AskForLink problem={problem} onSignInToken={(token) => void exchange(token)} />}
      </section>
    </main>
  );
}

function Opening(): VNode {
  return (
    <>
      <h1>Opening your console</h1>
      <p class="muted">One moment.</p>
      <span class="spinner spinner-large" aria-hidden="true" />
    </>
  );
}

interface AskProps {
  readonly problem: Problem | undefined;
  readonly onSignInToken: (token: string) => void;
}

function AskForLink({ problem, onSignInToken }: AskProps): VNode {
  const [text, setText] = useState('');
  const [unread, setUnread] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const credential = readPastedCredential(text);
    setUnread(credential === undefined);
    if (credential?.kind === 'sign-in') onSignInToken(credential.value);
    if (credential?.kind === 'token') {
      signIn(credential.value);
      goOnTo({ page: 'library' });
    }
  };
  return (
    <>
      <h1>Welcome to Frontrow</h1>
      <p class="muted">
        Open the sign-in link that <code>npm start</code> printed, or that you were sent, or paste it here.
      </p>
      {problem && (
        <p class="alert" role="alert" data-testid="sign-in-problem">
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
      <form class="stack" onSubmit={submit}>
        <Field label="Sign-in link or API token">
          <input
            class="input"
            type="text"
            autocomplete="off"
            spellcheck={false}
            placeholder={`${location.origin}/#/sign-in/…`}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            aria-invalid={unread}
            data-testid="sign-in-input"
          />
        </Field>
        {unread && (
          <p class="field-error" role="alert">
            That is neither a sign-in link nor a token.
          </p>
        )}
        <Button look="primary" type="submit" disabled={text.trim() === ''} data-testid="sign-in-submit">
          Sign in
        </Button>
      </form>
    </>
  );
}

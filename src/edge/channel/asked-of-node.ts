import type { FromEdge, FromNode } from '../../kernel/live/channel-link.ts';
import type { AnswerFrom } from './viewer.ts';

type Question = Extract<FromEdge, { type: 'say' | 'claim' }>;

/** With what `asked` numbers them by. */
export type Unnumbered = Question extends infer Each ? (Each extends Question ? Omit<Each, 'id'> : never) : never;

/** How long a viewer waits for the stream's node, a reconnect included. */
const PATIENCE_MS = 10_000;
/** More are not taken while the node is away. */
const MAX_WAITING = 1_000;

/** What viewers asked of the stream's node and was not answered yet. It is asked again over another connection. */
export class AskedOfNode {
  readonly #send: (question: Question) => boolean;
  readonly #waiting = new Map<number, { readonly question: Question; settle(answer: AnswerFrom): void }>();
  #id = 0;

  constructor(send: (question: Question) => boolean) {
    this.#send = send;
  }

  ask(question: Unnumbered): Promise<AnswerFrom> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve({ code: 'CHANNEL_AWAY' });
    this.#id += 1;
    const id = this.#id;
    const numbered = { ...question, id } as Question;
    const { promise, resolve } = Promise.withResolvers<AnswerFrom>();
    const overdue = setTimeout(() => this.#settle(id, { code: 'CHANNEL_AWAY' }), PATIENCE_MS);
    this.#waiting.set(id, {
      question: numbered,
      settle: (answer) => {
        clearTimeout(overdue);
        resolve(answer);
      },
    });
    this.#send(numbered);
    return promise;
  }

  answered({ id, code, retryAfterMs }: FromNode & { type: 'answer' }): void {
    this.#settle(id, { ...(code ? { code } : {}), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  /** There is a connection again. */
  askAgain(): void {
    for (const { question } of this.#waiting.values()) this.#send(question);
  }

  stop(): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { code: 'CHANNEL_AWAY' });
  }

  #settle(id: number, answer: AnswerFrom): void {
    this.#waiting.get(id)?.settle(answer);
    this.#waiting.delete(id);
  }
}

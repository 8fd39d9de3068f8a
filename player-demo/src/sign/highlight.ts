/** Colours for short JavaScript samples: enough for what this console prints, no parser. */
export type TokenKind = 'comment' | 'string' | 'keyword' | 'number' | 'call' | 'plain';

export interface CodeToken {
  readonly kind: TokenKind;
  readonly text: string;
}

const PATTERN =
  /(?<comment>\/\*[\s\S]*?\*\/|\/\/[^\n]*)|(?<string>'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?<keyword>\b(?:import|from|export|function|const|return|new)\b)|(?<number>\b\d[\d_]*\b)|(?<call>\b[A-Za-z_$][\w$]*(?=\())/g;

/** Splits the code into coloured pieces. Joined again, they are the code. */
export function highlight(code: string): readonly CodeToken[] {
  const tokens: CodeToken[] = [];
  let done = 0;
  for (const match of code.matchAll(PATTERN)) {
    if (match.index > done) tokens.push({ kind: 'plain', text: code.slice(done, match.index) });
    tokens.push({ kind: kindOf(match.groups ?? {}), text: match[0] });
    done = match.index + match[0].length;
  }
  if (done < code.length) tokens.push({ kind: 'plain', text: code.slice(done) });
  return tokens;
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): TokenKind {
  const kinds: readonly TokenKind[] = ['comment', 'string', 'keyword', 'number', 'call'];
  return kinds.find((kind) => groups[kind] !== undefined) ?? 'plain';
}

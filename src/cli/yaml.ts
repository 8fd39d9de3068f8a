import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { Failure } from './failure.ts';

/** The only door to yaml. JSON is YAML too. */

/** A file with the places of what stands in it. */
export interface Placed {
  readonly value: unknown;
  /** The line of a field, or of the nearest one above that is there; counted from 1. */
  lineOf(path: readonly (string | number)[]): number;
}

/** @throws Failure FILE_INVALID with the line */
export function parsePlaced(text: string, file: string): Placed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error) {
    const [says = ''] = error.message.split('\n');
    const place = `${file}:${lines.linePos(error.pos[0]).line}`;
    throw new Failure('FILE_INVALID', `${place}: ${says.replace(/ at line \d+, column \d+:?$/, '')}.`, {
      cause: error,
    });
  }
  return { value: toValue(document, file), lineOf: (path) => lineOf(document, lines, path) };
}

export function parseYaml(text: string, file: string): unknown {
  return parsePlaced(text, file).value;
}

/** A file of a few lines may stand for gigabytes by names that are repeated (the billion laughs). */
function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new Failure('FILE_INVALID', `${file}: ${(cause as Error).message}.`, { cause });
  }
}

function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const offset = offsetOf(document, path.slice(0, depth));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return 1;
}

/** Where a field's name stands; of what is in a list, where it stands itself. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const name = path.at(-1);
  const pair = isMap(parent) ? parent.items.find(({ key }) => String(key) === String(name)) : undefined;
  if (isNode(pair?.key)) return pair.key.range?.[0];
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

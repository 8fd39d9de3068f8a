import { type ApiDocument, type Content, type Operation, operationsOf, type Schema } from './api-document.ts';

/**
 * Prints the types of the client from the OpenAPI document: an interface a named schema, and for every operation what it
 * takes and answers. By hand, because openapi-typescript wants the compiler API of TypeScript 5, which 7 does not have.
 */
export function printClientTypes(document: ApiDocument): string {
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => printNamed(name, schema));
  const operations = operationsOf(document)
    .sort((a, b) => (a.path === b.path ? compare(a.method, b.method) : compare(a.path, b.path)))
    .map(printOperation);
  return `// Printed from the OpenAPI document; a test compares the two. \`npm test -- --project golden -u\` prints it anew.

/** What is sent as it is: a text, bytes, a file (\`fs.openAsBlob\`), or a stream, which cannot be sent a second time. */
export type Bytes = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

${schemas.join('\n\n')}

/** Every operation by method and path: the parts of a request, and the body of the answer. */
export interface Operations {
${operations.join('\n')}
}
`;
}

const compare = (a: string, b: string) => (a < b ? -1 : 1);

function printNamed(name: string, schema: Schema): string {
  const shape = typeOf(schema, '');
  const head = comment(schema.description, '');
  return shape.startsWith('{') ? `${head}export interface ${name} ${shape}` : `${head}export type ${name} = ${shape};`;
}

function printOperation(operation: Operation): string {
  const { name, summary, description } = operation;
  const parts = [
    parametersOf(operation, 'path'),
    parametersOf(operation, 'query'),
    bodyOf(operation),
    `    readonly answer: ${answerOf(operation)};`,
  ];
  const lines = parts.filter((part) => part !== undefined).join('\n');
  return `${comment(`${summary}. ${description}`, '  ')}  '${name}': {\n${lines}\n  };`;
}

function parametersOf({ parameters = [] }: Operation, place: 'path' | 'query'): string | undefined {
  const own = parameters.filter((each) => each.in === place);
  if (own.length === 0) return undefined;
  const properties = Object.fromEntries(
    own.map(({ name, schema, description }) => [name, { ...schema, ...(description ? { description } : {}) }]),
  );
  const required = own.filter((each) => each.required).map(({ name }) => name);
  const mark = required.length === 0 ? '?' : '';
  return `    readonly ${place}${mark}: ${typeOf({ type: 'object', properties, required }, '    ')};`;
}

function bodyOf({ requestBody }: Operation): string | undefined {
  if (!requestBody) return undefined;
  const kinds = Object.entries(requestBody.content).map(([type, { schema = {} }]) =>
    type === 'application/json' ? typeOf(schema, '    ') : 'Bytes',
  );
  return `    readonly body: ${[...new Set(kinds)].join(' | ')};`;
}

function answerOf({ responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return [...new Set(good.map(([, { content }]) => (content ? contentOf(content) : 'undefined')))].join(' | ');
}

function contentOf(content: Content): string {
  const schema = content['application/json']?.schema;
  return schema ? typeOf(schema, '    ') : 'string';
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? '';
  if ('const' in schema) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return [...new Set(several.map((each) => typeOf(each, indent)))].join(' | ');
  if (schema.allOf) return schema.allOf.map((each) => typeOf(each, indent)).join(' & ');
  const types = [schema.type ?? []].flat();
  return types.length === 0 ? 'unknown' : types.map((type) => plainType(type, schema, indent)).join(' | ');
}

function plainType(type: string, schema: Schema, indent: string): string {
  if (type === 'integer') return 'number';
  if (type === 'array') return `readonly ${grouped(typeOf(schema.items ?? {}, indent))}[]`;
  return type === 'object' ? objectType(schema, indent) : type;
}

function objectType({ properties, patternProperties, required = [], additionalProperties }: Schema, indent: string) {
  const entries = Object.entries(properties ?? {});
  if (entries.length === 0) {
    const [values] = Object.values(patternProperties ?? {});
    const others = values ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    return `{ readonly [name: string]: ${others ? typeOf(others, indent) : 'unknown'} }`;
  }
  const inner = `${indent}  `;
  const lines = entries.map(([name, schema]) => {
    const key = /^[a-zA-Z_]\w*$/.test(name) ? name : `'${name}'`;
    const mark = required.includes(name) ? '' : '?';
    return `${comment(schema.description, inner)}${inner}readonly ${key}${mark}: ${typeOf(schema, inner)};`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : JSON.stringify(value);
}

function grouped(type: string): string {
  return / [|&] /.test(type) && !type.startsWith('{') ? `(${type})` : type;
}

function comment(text: string | undefined, indent: string): string {
  if (!text) return '';
  const lines = text.replaceAll('*/', '* /').split('\n');
  if (lines.length === 1) return `${indent}/** ${text.replaceAll('*/', '* /')} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

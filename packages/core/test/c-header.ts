import { readFileSync } from 'node:fs';

/** Names and numbers of a C header. */
export interface Header {
  /** Enumerators and numeric macros. */
  readonly values: ReadonlyMap<string, number>;
  /** Each enum's enumerators, in order. */
  readonly enums: readonly (readonly string[])[];
}

/** Reads enums and `#define NAME number` of headers below /usr/include; enough of C for linux/*.h. */
export function readHeaders(...paths: readonly string[]): Header {
  const values = new Map<string, number>();
  const enums: string[][] = [];
  for (const path of paths) {
    const text = sourceText(path);
    for (const [, name, expression] of text.matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.+)$/gm)) {
      const value = evaluate(expression ?? '', values);
      // `#define IFLA_COST IFLA_COST` tells the preprocessor of an enumerator: not a value of its own.
      if (name !== undefined && value !== undefined && name !== expression?.trim()) values.set(name, value);
    }
    const code = text.replaceAll(/^[ \t]*#.*$/gm, '');
    for (const [, body] of code.matchAll(/\benum\b[^{};]*\{([^}]*)\}/g)) {
      enums.push(readEnum(body ?? '', values));
    }
  }
  return { values, enums };
}

function sourceText(path: string): string {
  try {
    const text = readFileSync(`/usr/include/${path}`, 'utf8');
    return text.replaceAll(/\/\*[\s\S]*?\*\//g, ' ').replaceAll('\\\n', ' ');
  } catch (cause) {
    throw new Error(
      `/usr/include/${path} is missing: install linux-libc-dev (Alpine: linux-headers); g++ needs it anyway`,
      { cause },
    );
  }
}

function readEnum(body: string, values: Map<string, number>): string[] {
  const names: string[] = [];
  let next = 0;
  for (const entry of body.split(',')) {
    const [name = '', expression] = entry.split('=').map((part) => part.trim());
    if (name === '') continue;
    const value = expression === undefined ? next : evaluate(expression, values);
    if (value === undefined) throw new Error(`cannot read the enumerator ${entry.trim()}`);
    values.set(name, value);
    names.push(name);
    next = value + 1;
  }
  return names;
}

/** Numbers, names, and one operator between two of them, in parentheses or not. */
function evaluate(expression: string, values: ReadonlyMap<string, number>): number | undefined {
  const text = expression
    .trim()
    .replace(/^\((.*)\)$/, '$1')
    .trim();
  const [, left, operator, right] = /^(\w+)\s*(<<|\||\+|-)\s*(\w+)$/.exec(text) ?? [];
  if (left !== undefined && right !== undefined) {
    const [a, b] = [evaluate(left, values), evaluate(right, values)];
    if (a === undefined || b === undefined) return undefined;
    const results = { '<<': a << b, '|': a | b, '+': a + b, '-': a - b };
    return results[operator as keyof typeof results];
  }
  if (/^-?(0x[0-9a-f]+|\d+)u?l*$/i.test(text)) return Number(text.replace(/u?l*$/i, ''));
  return values.get(text);
}

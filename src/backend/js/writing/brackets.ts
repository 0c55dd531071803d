// Expressions inside of others: where they need brackets.

/** The expression as an operand of any operator: in brackets, unless it is a name, an element or a call. */
export function bracketed(expression: string): string {
  const head = /^[\w$.]+/.exec(expression)?.[0].length ?? 0;
  const rest = expression.slice(head);
  const isPrimary =
    head > 0 && (rest === "" || (/^[[(]/.test(rest) && outermost(rest).trim() === rest.slice(0, 1) + rest.slice(-1)));
  return isPrimary ? expression : `(${expression})`;
}

/** The expression between two pieces of text: an argument of a call needs no brackets, and a product none in a sum. */
export function between(before: string, expression: string, behind: string): string {
  const isArgument = /(\(|, )$/.test(before) && /^(\)|,)/.test(behind);
  const isTerm = /(^| [+-] )$/.test(before) && /^($| [+-] )/.test(behind);
  const isProduct =
    isTerm && [...outermost(expression).matchAll(/ (\S+) /g)].every(([, operator]) => /^[*/]$/.test(operator));
  return before + (isArgument || isProduct ? expression : bracketed(expression)) + behind;
}

/** The text without what is inside of its brackets. */
function outermost(text: string): string {
  let depth = 0;
  let out = "";
  for (const c of text) {
    if (")]".includes(c)) depth--;
    if (depth === 0) out += c;
    if ("([".includes(c)) depth++;
  }
  return out;
}

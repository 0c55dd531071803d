// Numbers with the noun that they count, as messages say them.

/** `1 operand`, `2 operands`, `0 axes`: the singular of the noun is given. */
export function counted(n: { toString(): string }, noun: string): string {
  return `${n} ${n === 1 ? noun : plural(noun)}`;
}

function plural(noun: string): string {
  if (noun.endsWith("axis")) return `${noun.slice(0, -2)}es`;
  if (noun.endsWith("index")) return `${noun.slice(0, -2)}ices`;
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

// The layout of all JSON that the command prints: a line where it fits, else an entry a line. Numbers that JSON lacks are
// strings.

const lineWidth = 100;

/** A value as JSON, with a line break at the end. */
export function jsonText(value: unknown): string {
  return `${laidOut(plain(value), "")}\n`;
}

function laidOut(value: unknown, indent: string): string {
  const line = oneLine(value);
  if (typeof value !== "object" || value === null || indent.length + line.length <= lineWidth) return line;
  const inner = `${indent}  `;
  const entries = Array.isArray(value)
    ? value.map((item) => laidOut(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${laidOut(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${entries.map((entry) => inner + entry).join(",\n")}\n${indent}${close}`;
}

/** What `JSON.stringify` would see: what `toJSON` gives, and no fields that are undefined. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("toJSON" in value && typeof value.toJSON === "function") return plain(value.toJSON());
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && typeof field !== "function");
  return Object.fromEntries(fields.map(([key, field]) => [key, plain(field)]));
}

/** A value on one line: `"nan"`, `"inf"`, `"-inf"` and -0 among its numbers. */
export function oneLine(x: unknown): string {
  if (typeof x === "number") {
    if (Object.is(x, -0)) return "-0";
    if (Number.isFinite(x)) return String(x);
    return Number.isNaN(x) ? '"nan"' : x > 0 ? '"inf"' : '"-inf"';
  }
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x !== "object" || x === null) return String(x ?? null);
  if (Array.isArray(x) || ArrayBuffer.isView(x)) return `[${Array.from(x as ArrayLike<unknown>, oneLine).join(", ")}]`;
  return `{${Object.entries(x)
    .map(([key, value]) => `${JSON.stringify(key)}: ${oneLine(value)}`)
    .join(", ")}}`;
}

// Text → origins: `loc("examples/a.ts":5:11)`, or `loc(none)` for what has none.

import { type Origin, originAt } from "../diagnostics/origin.ts";
import type { Cursor } from "./lexer.ts";

/** The origin that stands here; without one, the place of the token at `position`. */
export function parseOrigin(cursor: Cursor, position: number): Origin | null {
  if (!cursor.at("loc") || !cursor.at("(", 1)) return cursor.tokens.origin(position);
  cursor.accept("loc");
  cursor.expect("(", "after loc");
  const origin = cursor.accept("none") ? null : parsePlace(cursor);
  cursor.expect(")", "after the place");
  return origin;
}

function parsePlace(cursor: Cursor): Origin {
  const file = cursor.takeString("a file name in quotes, or none");
  cursor.expect(":", "before the line");
  const line = cursor.takeInteger("a line number");
  cursor.expect(":", "before the column");
  return originAt(file, line, cursor.takeInteger("a column number"));
}

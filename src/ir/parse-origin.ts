// Text → origins: `loc("examples/a.ts":5:11)`.

import type { Cursor } from "./lexer.ts";
import { type Origin, originAt } from "./origin.ts";

/** The origin that stands here; null if none does. */
export function parseOrigin(cursor: Cursor): Origin | null {
  if (!cursor.at("loc") || !cursor.at("(", 1)) return null;
  cursor.accept("loc");
  cursor.expect("(", "after loc");
  const file = cursor.takeString("a file name in quotes");
  cursor.expect(":", "before the line");
  const line = cursor.takeInteger("a line number");
  cursor.expect(":", "before the column");
  const column = cursor.takeInteger("a column number");
  cursor.expect(")", "after the column");
  return originAt(file, line, column);
}

// Parts of the IR's lists. Once a module was verified these are frozen, and of frozen arrays engines make slices an element at a
// time by its name, which takes twenty times as long.

/** `list.slice(start, end)`; the list itself, where that is all of it. */
export function sliced<T>(list: readonly T[], start: number, end: number = list.length): readonly T[] {
  if (start === 0 && end === list.length) return list;
  const part: T[] = [];
  for (let i = start; i < end; i++) part.push(list[i]);
  return part;
}

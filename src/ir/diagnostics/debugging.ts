// The switch of a process that looks for NaN and infinities wherever they arise.

/** What holds code that was made while the switch stood the other way. */
interface Watcher {
  forget(): void;
}

let isOn = false;
/** Held weakly: functions come and go. */
let watchers: WeakRef<Watcher>[] = [];
/** At so many, those that are gone are dropped. */
let most = 64;

/** Whether what is compiled or run from here on ends at the first operation that makes a NaN or an infinity. */
export function isDebugging(): boolean {
  return isOn;
}

export function setDebugging(on: boolean): void {
  if (on === isOn) return;
  isOn = on;
  for (const watcher of watchers) watcher.deref()?.forget();
}

/** Has `watcher` forget what it holds whenever the switch is turned. */
export function watchDebugging(watcher: Watcher): void {
  if (watchers.length >= most) {
    watchers = watchers.filter((ref) => ref.deref() !== undefined);
    most = Math.max(64, 2 * watchers.length);
  }
  watchers.push(new WeakRef(watcher));
}

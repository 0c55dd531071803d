// checkPass: a pass keeps every bit of random programs, or the smallest program found for which it does not.

import type { Level } from "../ir/index.ts";
import { applyRules, type Pass, type Rule, runPass } from "../rewrite/index.ts";
import { bringTo } from "./at-loops.ts";
import { type CheckOptions, type CheckReport, check } from "./check.ts";
import type { Subject } from "./fault.ts";
import { requireKind } from "./options.ts";

/**
 * Runs a pass on random programs and on programs made of the patterns of its rules, and compares what they mean before and
 * after: the bits of the results of all public functions, errors with their messages, what probes see, and what is public.
 * A pass of the fused or the loop level is given what the passes before it in the loop pipeline make of programs of tensors; one
 * that takes all levels is given that of every fourth program. A pass with limits of large programs is tried with those of small
 * ones.
 *
 * @returns what was tried: programs, how many were changed, how often each rule was applied, and the coverage of ops.
 * @throws AdjointError `validate` whose message holds the smallest IR found that the pass gets wrong, a call that shows it, the
 *   rule that did it and how to run that program again; or that no program was changed, so that nothing was tried.
 * @example checkPass(definePass({ name: "my-pass", summary: "…", run: (module) => module }))
 */
export function checkPass(pass: Pass, options: CheckOptions = {}): CheckReport {
  requireKind("checkPass", pass, "pass");
  const run: Subject["run"] = (module, context) => runPass(pass.small ?? pass, module, context);
  const { lowers, level = "tensor" } = pass;
  const common = { name: `pass ${pass.name}`, kind: "pass", fast: pass.isNear === true, lowers, run } as const;
  const brought = (to: Level): Subject => ({ ...common, level: lowers ?? to, bring: bringTo(pass) });
  const plain: Subject = { ...common, level: lowers ?? "tensor" };
  const subject =
    level === "tensor" ? plain : level === "both" ? { ...plain, atLoops: brought("loop") } : brought(level);
  return check("checkPass", subject, options);
}

/**
 * Runs a rewrite rule on programs made of its own pattern, of every dtype and of several shapes, and on random programs, and
 * compares what they mean before and after: bit for bit, or nearly for a rule of class `fast`.
 *
 * @returns what was tried.
 * @throws AdjointError `validate` with the smallest program found that the rule gets wrong, or where it never applied.
 * @example checkRule(rule("x * 1 → x", (x) => mul(x, 1), (x) => x))
 */
export function checkRule(rule: Rule, options: CheckOptions = {}): CheckReport {
  requireKind("checkRule", rule, "rule");
  return check(
    "checkRule",
    {
      name: `rule '${rule.name}'`,
      kind: "rule",
      level: "tensor",
      fast: rule.class === "fast",
      run: (module, context) => applyRules(module, [rule], context),
    },
    options,
  );
}

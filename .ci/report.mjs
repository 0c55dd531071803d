// Prints the closing line from the test runner's JSON report; failed steps before the tests count as failures.

import { readFileSync } from "node:fs";

const [, , path, failedSteps] = process.argv;
let totals = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, success: false };
try {
  totals = JSON.parse(readFileSync(path, "utf8"));
} catch {
  console.log("the test runner wrote no report");
}
const failed = Math.max(totals.numFailedTests, totals.success ? 0 : 1, Number(failedSteps));
const skipped = totals.numPendingTests > 0 ? `, ${totals.numPendingTests} skipped` : "";
console.log(`${totals.numPassedTests} passed, ${failed} failed${skipped}`);
process.exit(failed > 0 ? 1 : 0);

// The parts of the compiler that only some programs need. What makes work for a part brings it, so that a bundler leaves it
// out of programs that have nothing which does: one that computes with numbers alone has no tensors to lower to loops.

import {
  batch,
  batchScans,
  bringContractionLowering,
  bringLoopLowering,
  bringTensorPasses,
  bringWindowLowering,
  passParts,
  placeResults,
  planInPlace,
  programVectorPipeline,
  refineTo,
} from "../../passes/index.ts";
import {
  type Backend,
  bringArrayCalls,
  bringEmbedding,
  bringModuleWriter,
  bringWasmText,
  jsBackend,
  nestJsBackend,
  paysInWasm,
  scalarJsBackend,
  standaloneOf,
  Validator,
  wasmBackend,
} from "../backend/index.ts";
import { holdsReuses, type Module, parseTypeText, verify, withoutReuses } from "../ir/index.ts";
import { bringOps, bringSingles, broadcastOp, broadcastOperands, reduceOp } from "../ops/index.ts";
import { bringPrinting } from "../rewrite/index.ts";

/** What the option `check` does after each pass. */
interface Checks {
  readonly verify: typeof verify;
  readonly Validator: typeof Validator;
}

/** The backend of WebAssembly, what to say where it cannot run, and whether a program at tensor level is faster in it. */
interface WebAssemblyPart extends Backend {
  readonly missing: string;
  pays(module: Module): boolean;
}

/** What brought parts changed; passes are brought to their places in the pipelines. */
interface Parts {
  /** The backend of generated JavaScript. */
  readonly js: Backend;
  /** The backend of WebAssembly; null where nothing asked for it. */
  readonly wasm: WebAssemblyPart | null;
  /** Gives operands one shape; null where nothing makes tensors. */
  readonly broadcast: typeof broadcastOperands | null;
  /** Makes types more precise; null likewise. */
  readonly refineTo: typeof refineTo | null;
  /** Null where no check of passes was asked for. */
  readonly checks: Checks | null;
  /** Takes from a module what it says of memory that is reused; null where no program says any, unless a pass does. */
  readonly unplanned: ((module: Module) => Module) | null;
  /** Reads types, and sizes in them, that are written as text; null where no size has a name that a text could say. */
  readonly parseTypeText: typeof parseTypeText | null;
  /** Writes standalone modules; null where nothing asks for one. */
  readonly standaloneOf: typeof standaloneOf | null;
}

/** Of a program of numbers. */
const parts: { -readonly [K in keyof Parts]: Parts[K] } = {
  js: scalarJsBackend,
  wasm: null,
  broadcast: null,
  refineTo: null,
  checks: null,
  unplanned: null,
  parseTypeText: null,
  standaloneOf: null,
};

/** The parts that are here. */
export const here: Parts = parts;

/** Brings what compiles tensors, and numbers of f32, which only those have: whatever makes or takes one calls this before. */
export function bringTensors(): void {
  if (parts.broadcast !== null) return;
  parts.broadcast = broadcastOperands;
  parts.js = nestJsBackend;
  parts.refineTo = refineTo;
  bringSingles();
  bringTensorPasses();
}

/** Brings what compiles sums of products: whatever makes one, or has one in its derivative, calls this before. */
export function bringContractions(): void {
  bringTensors();
  bringContractionLowering();
}

/** Brings what compiles windows that move: whatever makes one calls this before. */
export function bringWindows(): void {
  bringUpdates();
  bringWindowLowering();
}

/** Brings what changes tensors where they stand: whatever changes elements of one, or has a derivative that does, calls this before. */
export function bringUpdates(): void {
  bringTensors();
  passParts.planInPlace.bring(planInPlace);
  passParts.placeResults.bring(placeResults);
}

/** Brings what compiles loops: whatever makes one, and ops that are lowered to one whose end is not known, call this before. */
export function bringLoops(): void {
  bringUpdates();
  parts.js = jsBackend;
  bringLoopLowering();
}

/** Brings what runs steps of scans side by side: whatever makes a scan that may carry nothing calls this before. */
export function bringScans(): void {
  bringLoops();
  passParts.batchScans.bring(batchScans);
}

/** Brings what resolves vmap: whatever makes one calls this before. */
export function bringBatching(): void {
  bringScans();
  passParts.batch.bring(batch);
  bringOps(broadcastOp, reduceOp);
}

/** Brings what reads types as text: whatever names sizes by it calls this before. */
export function bringTypeTexts(): void {
  parts.parseTypeText = parseTypeText;
}

/** Brings what checks passes: whoever takes the option `check` of any program calls this before. */
export function bringChecks(): void {
  parts.checks = { verify, Validator };
}

/** Brings what takes plans of memory from modules: whoever runs passes on modules that may hold some calls this before. */
export function bringPlans(): void {
  parts.unplanned = (module) => (holdsReuses(module) ? withoutReuses(module) : module);
}

/** Brings what prints IR: whoever shows that of a compiled function, or its log, calls this before. */
export function bringTexts(): void {
  bringPrinting();
}

/** Brings what writes standalone modules: whoever gives functions that have the method `toModule` for good calls this before. */
export function bringModules(): void {
  bringModuleWriter();
  bringEmbedding();
  parts.standaloneOf = standaloneOf;
}

/** Brings what compiles to WebAssembly: whoever may ask for that backend calls this before. */
export function bringWasm(): void {
  const missing =
    "Adjoint: no WebAssembly with vectors may be compiled here, so functions run in JavaScript: allow script-src 'wasm-unsafe-eval'";
  parts.wasm = { ...wasmBackend, pipeline: programVectorPipeline, missing, pays: paysInWasm };
}

/** Brings what shows code: whoever shows that of WebAssembly calls this before. */
export function bringCodeTexts(): void {
  bringWasmText();
}

/** Brings what any program may ask for of whatever it compiles: a bundler cannot see that a method or an option is unused. */
export function bringExtras(): void {
  bringChecks();
  bringModules();
  bringTexts();
}

/** Brings all parts, for programs of which anything may come: those that are given as IR. */
export function bringAll(): void {
  bringContractions();
  bringWindows();
  bringBatching();
  bringTypeTexts();
  bringPlans();
  bringArrayCalls();
  bringExtras();
}

// The jobs: what each asks for, and the command that it comes to.
import { given } from "./answers.js";
import { asBytes, asText, FILES } from "./state.js";
import { lang, told } from "./words.js";

const OWN = { expression: told("an expression …"), network: told("a problem file (TOML) …"), graph: told("Python code of yours …") };
/** What else may be drawn and stepped through, besides the problems that are there. */

/** Each job: what it says of itself, the parts of the form that it has, and its command. */
export const JOBS = {
  look: {
    title: told("Look"), parts: ["of"],
    about: told("Step forward and back, change a weight, descend. This page needs nothing more than your browser."),
  },
  step: {
    title: told("Step"), parts: ["of"], own: ["expression", "network", "graph"],
    about: told("The same page for a network, an expression or code of yours."),
    words: (form) => ["step", ...form.problem, "--html", "stepper.html"],
  },
  debug: {
    title: told("Debugger"), parts: ["of", "mode"], own: ["expression", "network", "graph"],
    about: told("The same in a terminal, with pdb's letters: n, the next step; c w5, on to what arrives at w5; back; w, all ways; h, help."),
    words: (form) => ["step", ...form.problem, ...form.mode],
  },
  draw: {
    title: told("Draw"), parts: ["of", "picture", "answer"], own: ["expression", "network", "graph"],
    about: told("The graph with its values, gradients and local derivatives; with gradients of yours, which of them differ."),
    words: (form) => ["draw", ...form.problem, "-o", "graph.svg", ...form.picture, ...form.compared],
  },
  compare: {
    title: told("Compare"), parts: ["of", "answer"], own: ["network"],
    about: told("The scalar graph against vectorized NumPy, or against your gradients, array by array."),
    words: (form) => ["compare", ...form.problem, ...form.answer],
  },
  diagnose: {
    title: told("Which line is wrong?"), parts: ["of", "answer"], own: ["expression", "network"], needs: "answer",
    about: told("Paste the gradients that your backward pass gives, or the pass itself: which line of it is wrong, and why."),
    words: (form) => ["diagnose", ...form.problem, ...form.answer],
  },
  check: {
    title: told("Check NumPy code"), parts: ["pass"], needs: "pass",
    about: told("Any forward and backward pass in NumPy, line by line."),
    words: () => ["check", "mine.py"],
  },
  command: {
    title: told("Any command"), parts: ["line"],
    about: told("Everything else that microbp does, as in a terminal; help lists it."),
    words: (form) => form.line,
  },
};

/** What may be chosen for the network of a job: [value, words] of each. */
export function choices(job, problems) {
  const built = Object.entries(problems).map(([name, title]) => [name, `${name}: ${title}`]);
  return [...built, ...(JOBS[job].own ?? []).map((kind) => [kind, OWN[kind]])];
}

/** Words of a line as a shell takes them apart. */
export function words(line) {
  const found = line.match(/(?:[^\s"']+|"(?:\\.|[^"\\])*"|'[^']*')+/g) ?? [];
  return found.map((word) => word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, a, b) => a?.replace(/\\(.)/g, "$1") ?? b));
}

/** A word as it is typed in a shell. */
const typed = (word) => (/^[\w@%+=:,./~−-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
export const asTyped = (list) => [...(lang ? [`MICROBP_LANG=${lang}`] : []), "microbp", ...list].map(typed).join(" ");

/** The command of a state as a list of words, and the files that it needs; throws an Error that says what is missing. */
export function task(state, files) {
  const job = JOBS[state.job];
  if (job.needs && !files[job.needs]) throw new Error(MISSING[job.needs]);
  const sent = {}, form = { problem: [state.of], answer: [], compared: [], picture: ["--theme", "auto"] };
  form.mode = state.mode ? [`--${state.mode}`] : [];
  for (const [role, [name, bytes]] of Object.entries(files)) if (role !== "answer") sent[name] = bytes;
  if (job.parts.includes("of") && state.of in OWN) {
    if (state.of === "expression") form.problem = [state.expression, ...words(state.numbers)];
    else if (!files[state.of]) throw new Error(MISSING[state.of]);
    else form.problem = [state.of === "graph" ? `${FILES.graph}:${valueOf(asText(files.graph[1]))}` : FILES.network];
  }
  if (files.answer && (job.parts.includes("answer") || job.parts.includes("line"))) {
    const [[called, content], how] = given(files.answer);
    const code = called.endsWith(".py");
    sent[called] = typeof content === "string" ? asBytes(content) : content;
    form.answer = state.of === "expression" && !code ? ["--gradients", called] : how;
    form.compared = ["--compare", called];
    if (code && state.job === "draw") throw new Error(told("Draw marks numbers: paste the gradients, not the code that computes them."));
  }
  if (state.level) form.picture.push("--level", state.level);
  if (state.step) form.picture.push("--step", state.step);
  form.line = words(state.line.replace(/^\s*microbp\s+/, ""));
  return { words: job.words(form), files: sent };
}

/** The value of some code that is drawn: the last name that is assigned at its beginning of a line. */
const valueOf = (code) => [...code.matchAll(/^(\w+)\s*=[^=]/gm)].at(-1)?.[1] ?? "loss";

const MISSING = {
  answer: told("Paste your gradients, or drop a file with them."),
  pass: told("Paste a forward and a backward pass, or choose one."),
  network: told("Write a problem file."),
  graph: told("Write Python code that makes a value."),
};

// The page: what is chosen and written on the left, what microbp says to it on the right, and a link to both.
import { answerFile } from "./answers.js";
import { Engine } from "./engine.js";
import { asTyped, choices, JOBS, task } from "./form.js";
import { clear, fit, offer, print, tell } from "./result.js";
import { asBytes, asText, FILES, FRESH, link, LONGEST, read } from "./state.js";

const $ = (name) => document.getElementById(name);
const FIELDS = ["of", "expression", "numbers", "level", "step", "line"];
const CODES = { 0: "Done.", 1: "exit code 1: something differs, is wrong, or could not be caught", 2: "exit code 2: it could not be read" };
const FALLBACK = 'from microbp import Value\n\nw, x, b = Value(2.0), Value(-1.0), Value(-3.0)\nE = 0.5 * (0.25 - (w * x + b).sigmoid()) ** 2\n';

let state = { ...FRESH }, files = {}, site = { problems: { "w1-w8": "" }, answers: {}, passes: {}, template: "", bytes: 1 };
let queue = [], sending = {}, worst = 0, touched = false;
const engine = new Engine(heard);

// ------------------------------------------------------------------------------------------------- the form

function show() {
  const job = JOBS[state.job];
  for (const tab of $("jobs").children) {
    const now = tab.dataset.job === state.job;
    now ? tab.setAttribute("aria-current", "page") : tab.removeAttribute("aria-current");
  }
  $("about").textContent = job.about;
  fill($("of"), choices(state.job, site.problems), state.of);
  if ($("of").value !== state.of) state.of = $("of").value = "w1-w8";
  const parts = [...job.parts, ...(job.parts.includes("of") ? [state.of] : [])];
  for (const part of document.querySelectorAll(".part")) part.hidden = !parts.some((name) => part.classList.contains(name));
  for (const name of FIELDS) if ($(name) !== document.activeElement) $(name).value = state[name];
  for (const role of Object.keys(FILES)) showFile(role);
  const look = state.job === "look";
  const { classList } = document.querySelector("main");
  classList.toggle("wide", look);
  classList.toggle("even", state.job === "check");
  classList.toggle("debug", state.job === "debug");
  classList.toggle("pictured", state.job === "step" || state.job === "draw");
  $("live").hidden = !look;
  $("result").hidden = look || (!touched && engine.state !== "loading");
  $("pictures").hidden = look || !touched;
  for (const name of ["run", "copy"]) $(name).hidden = look;
  $("alone").hidden = !look;
  if (look && !$("live").src.endsWith(`pages/${state.of}.html`)) {
    $("live").src = `pages/${state.of}.html`;
    $("live").title = `${site.problems[state.of]}, live`;
    $("alone").href = `pages/${state.of}.html`;
  }
  $("there").textContent = Object.values(files).map(([name]) => name).join(", ") || "none";
}

function fill(select, options, value) {
  const now = JSON.stringify(options);
  if (select.dataset.now !== now) {
    select.replaceChildren(...options.map(([key, words]) => new Option(words, key)));
    select.dataset.now = now;
  }
  select.value = value;
}

function showFile(role) {
  const area = $(role), [name, bytes] = files[role] ?? [FILES[role], asBytes("")];
  const binary = /\.(npz|npy|mat)$/.test(name);
  area.readOnly = binary;
  if (area !== document.activeElement) area.value = binary ? `${name}, ${bytes.length} bytes` : asText(bytes);
  if (role === "answer") kind();
}

/** Says as what an answer is read. */
function kind() {
  const name = files.answer ? answerFile(files.answer)[0] : "";
  const read = { json: "JSON", csv: "lines of numbers", py: "Python code, which is run" }[name.split(".").at(-1)] ?? name;
  $("answer-name").textContent = name && `Read as ${read}.`;
}

function keep(role, name, bytes) {
  if (bytes.length) files[role] = [name, bytes];
  else delete files[role];
}

/** What stands in a text area becomes the file. */
function written(area) {
  keep(area.dataset.file, FILES[area.dataset.file], asBytes(area.value));
  if (area.dataset.file === "answer") kind();
}

async function taken(file) {
  if (!file) return;
  if (file.size > 5e6) return tell(`${file.name} has ${file.size.toLocaleString("en")} bytes: 5,000,000 may be read here.`);
  keep("answer", file.name.replace(/[^\w.-]/g, "_"), new Uint8Array(await file.arrayBuffer()));
  if (!JOBS[state.job].parts.includes("answer")) state.job = "diagnose";
  show();
  note();
}

/** What a tab shows when nothing has been written in it: an example that can be run. */
function begin() {
  const job = JOBS[state.job];
  if (job.needs === "answer" && !files.answer && site.answers[state.of]) example();
  if (job.needs === "pass" && !files.pass) worked("batch_norm", "the mean is taken for a constant");
  if (state.of === "network" && !files.network) keep("network", FILES.network, asBytes(site.template));
  if (state.of === "graph" && !files.graph) keep("graph", FILES.graph, asBytes(FALLBACK));
}

function example() {
  keep("answer", FILES.answer, asBytes(site.answers[state.of] ?? ""));
}

/** Whether the gradients are an example of ours, not somebody's own. */
const untouched = () => files.answer && Object.values(site.answers).includes(asText(files.answer[1]));

function worked(name, slip) {
  const pass = site.passes[name];
  if (!pass) return;
  fill($("slip"), [["", "none"], ...Object.keys(pass.wrong).map((what) => [what, what])], slip);
  $("example").value = name;
  const [old, wrong] = pass.wrong[slip] ?? ["", ""];
  const [forward, backward] = pass.code.split(/(?=^def backward)/m);
  keep("pass", FILES.pass, asBytes(forward + (old ? backward.replaceAll(old, () => wrong) : backward)));
}

// ------------------------------------------------------------------------------------------------- running

async function go() {
  touched = true;
  $("result").hidden = $("pictures").hidden = false;
  try {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const made = task(state, files, dark);
    [queue, sending] = [made.commands, made.files];
  } catch (error) {
    return tell(error.message);
  }
  clear();
  worst = 0;
  $("stop").hidden = false;
  if (engine.state === "running") stop();
  tell(engine.state === "ready" ? "Running …" : "Loading Python …");
  next();
}

function next() {
  const words = queue.shift();
  if (!words) return;
  const size = parseFloat(getComputedStyle($("said")).fontSize) * 0.62;
  const columns = Math.max(40, Math.min(140, Math.floor(($("result").clientWidth - 40) / size)));
  print("command", `$ ${asTyped(words)}\n`);
  engine.run({ words, files: sending, typed: state.typed, columns });
}

/** Runs what waits for lines once more, on these. */
function type(lines) {
  state.typed = lines;
  $("typed").value = "";
  note();
  go();
}

function stop() {
  engine.stop();
  queue = [];
  $("stop").hidden = $("progress").hidden = true;
  tell("Stopped. Python is started anew when you run something.");
}

function heard(message) {
  if ("bytes" in message) {
    $("progress").hidden = $("result").hidden = state.job === "look";
    $("progress").value = Math.min(1, message.bytes / site.bytes);
    tell(`Loading Python, NumPy and microbp: ${Math.min(100, Math.round(100 * message.bytes / site.bytes))} % of ${(site.bytes / 1e6).toFixed(0)} MB`);
  } else if (message.starting) tell("Starting Python …");
  else if (message.ready) {
    $("progress").hidden = true;
    tell(queue.length || engine.waiting ? "Running …" : "Ready.");
  } else if (message.failed) {
    $("stop").hidden = $("progress").hidden = true;
    tell(`Python could not be loaded: ${message.failed}`);
  } else if ("stream" in message) print(message.stream, message.text);
  else if ("code" in message) finished(message);
}

async function finished({ code, made }) {
  const waits = code === null;
  $("typing").hidden = !waits;
  if (waits) {
    $("said").scrollTop = $("said").scrollHeight;
    $("typed").focus();
  } else worst = Math.max(worst, code);
  for (const [name, bytes] of Object.entries(made)) await offer(name, bytes, `Picture of ${state.of}; Step says the same in words`);
  if (queue.length && code !== 2) return next();
  queue = [];
  $("stop").hidden = true;
  tell(waits ? "It waits for your next line." : CODES[worst] ?? `exit code ${worst}`);
  $("result").dataset.code = worst;
}

// ------------------------------------------------------------------------------------------------- links

/** Loads Python while somebody still writes. */
function warm() {
  if (engine.state === "off") engine.start();
}

/** The files that the job at hand looks at. */
function concerned() {
  const { parts } = JOBS[state.job], all = parts.includes("line");
  return Object.fromEntries(Object.entries(files).filter(([role]) => all || parts.includes(role) || role === state.of));
}

let noting;
/** Puts what is chosen and written into the address, a moment after the last change. */
function note() {
  clearTimeout(noting);
  noting = setTimeout(async () => {
    const said = await link(state, concerned());
    history.replaceState(null, "", said === "job=look" ? location.pathname + location.search : `#${said}`);
  }, 250);
}

async function copy() {
  const url = new URL(`#${await link(state, concerned())}`, location.href).href;
  await navigator.clipboard?.writeText(url).catch(() => {});
  history.replaceState(null, "", url);
  const long = url.length > LONGEST ? ` It is long, ${url.length.toLocaleString("en")} characters: some programs cut it.` : "";
  $("copied").textContent = (navigator.clipboard ? "Copied." : "It is in the address bar.") + long;
}

/** Whether there is Python code among the files. */
function brings() {
  return "pass" in files || "graph" in files || (files.answer && answerFile(files.answer)[0].endsWith(".py"));
}

async function opened() {
  ({ state, files } = await read(location.hash));
  if (!(state.job in JOBS)) state.job = "look";
  const linked = location.hash.length > 1, code = brings();
  begin();
  show();
  if (!linked || state.job === "look") return;
  touched = true;
  if (code) {
    $("result").hidden = false;
    tell("This link brings Python code. Look at it, then run it: it reaches nothing outside this page.");
  } else go();
}

// ------------------------------------------------------------------------------------------------- beginning

function choose(job) {
  history.pushState(null, "", location.href);
  state.typed = "";
  if (job !== "look") warm();
  if (untouched()) delete files.answer;
  state.job = job;
  touched = false;
  clear();
  $("typing").hidden = true;
  begin();
  show();
  note();
}

async function start() {
  $("jobs").replaceChildren(...Object.entries(JOBS).map(([job, { title }]) => {
    const tab = document.createElement("a");
    Object.assign(tab, { href: `#job=${job}`, textContent: title });
    tab.dataset.job = job;
    tab.addEventListener("click", (event) => { event.preventDefault(); choose(job); });
    return tab;
  }));
  fit($("live"));
  navigator.serviceWorker?.register("sw.js").catch(() => {});
  site = await (await fetch("site.json")).json();
  fill($("example"), Object.entries(site.passes).map(([name, { title }]) => [name, `${name}: ${title}`]), "batch_norm");
  for (const name of FIELDS) {
    $(name).addEventListener("input", () => { state[name] = $(name).value; state.typed = ""; begin(); if (name === "of") show(); note(); });
  }
  for (const role of Object.keys(FILES)) $(role).addEventListener("input", () => { written($(role)); note(); });
  $("of").addEventListener("change", () => { if (untouched()) { example(); show(); note(); } });
  $("example").addEventListener("change", () => { worked($("example").value, ""); show(); note(); });
  $("slip").addEventListener("change", () => { worked($("example").value, $("slip").value); show(); note(); });
  $("answer-example").addEventListener("click", () => { example(); show(); note(); });
  $("answer-clear").addEventListener("click", () => { delete files.answer; show(); note(); });
  $("answer-file").addEventListener("change", () => taken($("answer-file").files[0]));
  $("form").addEventListener("submit", (event) => { event.preventDefault(); go(); });
  $("stop").addEventListener("click", stop);
  $("typing").addEventListener("submit", (event) => { event.preventDefault(); type(`${state.typed}${$("typed").value}\n`); });
  $("again").addEventListener("click", () => type(""));
  $("said").addEventListener("click", (event) => {
    if (!event.target.href) return;
    event.preventDefault();
    choose("command");
    state.line = event.target.textContent.trim().slice(8);
    show();
    go();
  });
  $("copy").addEventListener("click", copy);
  addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go(); });
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  addEventListener("dragleave", () => document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    taken(event.dataTransfer.files[0]);
  });
  addEventListener("hashchange", opened);
  await opened();
  document.documentElement.dataset.ready = "";
}

start();

// The form: what is shown of it, what stands in it, and where an example stands until somebody writes.
import { answerFile } from "./answers.js";
import { choices, JOBS } from "./form.js";
import { tell } from "./result.js";
import { asBytes, asText, FILES, FRESH } from "./state.js";
import { lang, told } from "./words.js";

const $ = (name) => document.getElementById(name);
export const FIELDS = ["of", "expression", "numbers", "level", "step", "mode", "line"];
const TITLE = told(document.title);
const CODE = `from microbp import Value

w, x, b = Value(2.0), Value(-1.0), Value(-3.0)
E = 0.5 * (0.25 - (w * x + b).sigmoid()) ** 2
`;

/** What is chosen and written, what the site has, and whether anything was run, or is loaded. */
export const now = {
  state: { ...FRESH }, files: {}, touched: false, loading: false,
  site: { problems: { "w1-w8": "" }, answers: {}, passes: {}, template: "", bytes: 1 },
};

export function show() {
  const job = JOBS[now.state.job];
  for (const tab of $("jobs").children) {
    const here = tab.dataset.job === now.state.job;
    here ? tab.setAttribute("aria-current", "page") : tab.removeAttribute("aria-current");
  }
  $("about").textContent = job.about;
  document.title = now.state.job === "look" ? TITLE : `${job.title} · microbp`;
  fill($("of"), choices(now.state.job, now.site.problems), now.state.of);
  if ($("of").value !== now.state.of) now.state.of = $("of").value = "w1-w8";
  const parts = [...job.parts, ...(job.parts.includes("of") ? [now.state.of] : [])];
  for (const part of document.querySelectorAll(".part")) part.hidden = !parts.some((name) => part.classList.contains(name));
  for (const name of FIELDS) if ($(name) !== document.activeElement) $(name).value = now.state[name];
  for (const role of Object.keys(FILES)) showFile(role);
  const look = now.state.job === "look";
  const { classList } = document.querySelector("main");
  classList.toggle("wide", look);
  classList.toggle("even", now.state.job === "check");
  classList.toggle("debug", now.state.job === "debug");
  classList.toggle("pictured", now.state.job === "step" || now.state.job === "draw");
  $("live").hidden = !look;
  $("result").hidden = look || (!now.touched && !now.loading);
  $("pictures").hidden = look || !now.touched;
  for (const name of ["run", "copy"]) $(name).hidden = look;
  $("alone").hidden = !look;
  const place = `pages/${now.state.of}.html${lang && `#lang=${lang}`}`;
  if (look && !$("live").src.endsWith(place)) {
    $("live").src = $("alone").href = place;
    $("live").title = told("{title}, live", { title: now.site.problems[now.state.of] });
  }
  $("there").textContent = Object.values(now.files).map(([name]) => name).join(", ") || told("none");
}

export function fill(select, options, value) {
  const wanted = JSON.stringify(options);
  if (select.dataset.options !== wanted) {
    select.replaceChildren(...options.map(([key, words]) => new Option(words, key)));
    select.dataset.options = wanted;
  }
  select.value = value;
}

function showFile(role) {
  const area = $(role), [name, bytes] = now.files[role] ?? [FILES[role], asBytes("")];
  const binary = /\.(npz|npy|mat)$/.test(name);
  area.readOnly = binary;
  if (area !== document.activeElement) area.value = binary ? told("{name}, {count} bytes", { name, count: bytes.length }) : asText(bytes);
  if (role === "answer") kind();
}

/** Says of an answer that it is code, or that it is a file of numbers. */
function kind() {
  const [name, bytes] = now.files.answer ? answerFile(now.files.answer) : [""];
  $("answer-name").textContent = name.endsWith(".py") ? told("This is Python code, which is run.") : bytes instanceof Uint8Array ? told("This is {name}.", { name }) : "";
}

function keep(role, name, bytes) {
  if (bytes.length) now.files[role] = [name, bytes];
  else delete now.files[role];
}

/** What stands in a text area becomes the file. */
export function written(area) {
  keep(area.dataset.file, FILES[area.dataset.file], asBytes(area.value));
  if (area.dataset.file === "answer") kind();
}

export async function taken(file) {
  if (!file) return;
  if (file.size > 5e6) return tell(told("{name} has {count} bytes: 5,000,000 may be read here.", { name: file.name, count: file.size.toLocaleString("en") }));
  keep("answer", file.name.replace(/[^\w.-]/g, "_"), new Uint8Array(await file.arrayBuffer()));
  if (!JOBS[now.state.job].parts.includes("answer")) now.state.job = "diagnose";
  show();
}

/** What a tab shows when nothing has been written in it: an example that can be run. */
export function begin() {
  const job = JOBS[now.state.job];
  if (job.needs === "answer" && !now.files.answer && now.site.answers[now.state.of]) example();
  if (job.needs === "pass" && !now.files.pass) worked("batch_norm", "the mean is taken for a constant");
  if (now.state.of === "network" && !now.files.network) keep("network", FILES.network, asBytes(now.site.template));
  if (now.state.of === "graph" && !now.files.graph) keep("graph", FILES.graph, asBytes(CODE));
}

export function example() {
  keep("answer", FILES.answer, asBytes(now.site.answers[now.state.of] ?? ""));
}

/** Whether the gradients are an example of ours, not somebody's own. */
export const untouched = () => now.files.answer && Object.values(now.site.answers).includes(asText(now.files.answer[1]));

export function worked(name, slip) {
  const pass = now.site.passes[name];
  if (!pass) return;
  fill($("slip"), [["", told("none")], ...Object.keys(pass.wrong).map((what) => [what, told(what)])], slip);
  $("example").value = name;
  const [old, wrong] = pass.wrong[slip] ?? ["", ""];
  const [forward, backward] = pass.code.split(/(?=^def backward)/m);
  keep("pass", FILES.pass, asBytes(forward + (old ? backward.replaceAll(old, () => wrong) : backward)));
}

// The page: what is chosen and written on the left, what microbp says to it on the right, and a link to both.
import { answerFile } from "./answers.js";
import { Engine } from "./engine.js";
import { asTyped, JOBS, task } from "./form.js";
import { clear, fit, offer, print, tell } from "./result.js";
import { FILES, link, LONG, LONGEST, read } from "./state.js";
import { begin, example, FIELDS, fill, now, show, taken, untouched, worked, written } from "./view.js";
import { lang, tellAll, told } from "./words.js";

const $ = (name) => document.getElementById(name);

let muted = false;
const engine = new Engine(heard);

// ------------------------------------------------------------------------------------------------- running

/** Runs what is asked for; what runs already goes on to its end, or to Stop. */
function go() {
  if (engine.state === "running") return;
  now.touched = true;
  $("result").hidden = $("pictures").hidden = false;
  let asked;
  try {
    asked = task(now.state, now.files);
  } catch (error) {
    return tell(error.message);
  }
  clear();
  $("stop").hidden = false;
  tell(engine.state === "ready" ? told("Running …") : told("Loading Python …"));
  const size = parseFloat(getComputedStyle($("said")).fontSize) * 0.62;
  const columns = Math.max(40, Math.min(140, Math.floor(($("result").clientWidth - 40) / size)));
  print("command", `$ ${asTyped(asked.words)}\n`);
  $("run").disabled = engine.state === "ready";
  engine.run({ ...asked, typed: now.state.typed, columns, lang });
}

/** Runs what waits for lines once more, on these. */
function type(lines) {
  now.state.typed = lines;
  $("typed").value = "";
  note();
  go();
}

function stop() {
  engine.stop();
  $("stop").hidden = $("progress").hidden = true;
  muted = $("run").disabled = false;
  tell(told("Stopped. Python is started anew when you run something."));
}

function heard(message) {
  if ("bytes" in message) {
    $("progress").hidden = $("result").hidden = now.state.job === "look";
    $("progress").value = Math.min(1, message.bytes / now.site.bytes);
    now.loading = true;
    const percent = 10 * Math.floor(10 * message.bytes / now.site.bytes);
    tell(percent < 100 ? told("Loading Python, NumPy and microbp: {percent} % of {size} MB", { percent, size: Math.round(now.site.bytes / 1e6) }) : told("Starting Python …"));
  } else if (message.starting) tell(told("Starting Python …"));
  else if (message.ready) {
    $("progress").hidden = true;
    now.loading = false;
    tell(engine.waiting ? told("Running …") : told("Ready."));
  } else if (message.failed) {
    $("stop").hidden = $("progress").hidden = true;
    tell(told("Python could not be loaded: {reason}", { reason: message.failed }));
  } else if ("stream" in message && !muted) print(message.stream, message.text);
  else if ("code" in message) finished(message);
}

async function finished({ code, made }) {
  $("run").disabled = false;
  if (muted) return void (muted = false);  // somebody went on to another tab
  const waits = code === null;
  tell(waits ? told("It waits for your next line.") : code ? told("exit code {code}: {meaning}", { code, meaning: told(now.site.codes[code]) }) : told("Done."));
  $("stop").hidden = true;
  $("typing").hidden = !waits;
  if (waits) {
    $("said").scrollTop = $("said").scrollHeight;
    $("typed").focus();
  }
  for (const [name, bytes] of Object.entries(made)) await offer(name, bytes, told("Picture of {name}; Step says the same in words", { name: now.state.of }));
  if (now.state.job === "diagnose" && code === 1 && !coded()) {
    const draw = Object.assign(document.createElement("button"), { type: "button", textContent: told("Draw what differs") });
    draw.addEventListener("click", () => { choose("draw", true); go(); });
    $("taken").append(draw);
  }
  $("result").dataset.code = code ?? "";
}

// ------------------------------------------------------------------------------------------------- links

/** Loads Python while somebody still writes. */
function warm() {
  if (engine.state === "off") engine.start();
}

/** The files that the job at hand looks at. */
function concerned() {
  const { parts } = JOBS[now.state.job], all = parts.includes("line");
  return Object.fromEntries(Object.entries(now.files).filter(([role]) => all || parts.includes(role) || role === now.state.of));
}

let noting;
/** Puts what is chosen and written into the address, a moment after the last change. */
function note() {
  clearTimeout(noting);
  noting = setTimeout(async () => {
    const said = await link(now.state, concerned());
    if (said.length > LONGEST) return;
    history.replaceState(null, "", said === "job=look" ? location.pathname + location.search : `#${said}`);
  }, 250);
}

async function take(file) {
  await taken(file);
  note();
}

async function copy() {
  const url = new URL(`#${await link(now.state, concerned())}`, location.href).href;
  const count = url.length.toLocaleString("en");
  if (url.length > LONGEST) return void ($("copied").textContent = told("A link to this has {count} characters: send the file itself.", { count }));
  await navigator.clipboard?.writeText(url).catch(() => {});
  history.replaceState(null, "", url);
  const said = navigator.clipboard ? told("Copied.") : told("It is in the address bar.");
  $("copied").textContent = url.length > LONG ? told("{said} It has {count} characters: some programs cut it.", { said, count }) : said;
}

/** Whether the answer is code; and whether any file is. */
const coded = () => now.files.answer && answerFile(now.files.answer)[0].endsWith(".py");
const brings = () => "pass" in now.files || "graph" in now.files || coded();

async function opened() {
  Object.assign(now, await read(location.hash));
  if ((now.state.lang === "zh") !== (lang === "zh")) return void location.reload();  // a link in the other language
  if (!(now.state.job in JOBS)) now.state.job = "look";
  const linked = location.hash.length > 1, code = brings();
  begin();
  show();
  if (!linked || now.state.job === "look") return;
  now.touched = true;
  if (code) {
    $("result").hidden = false;
    tell(told("This link brings Python code. Look at it, then run it: it reaches nothing outside this page."));
  } else go();
}

// ------------------------------------------------------------------------------------------------- beginning

/** Goes on to another tab; an example of ours goes along if it is to be kept. */
function choose(job, kept = false) {
  history.pushState(null, "", location.href);
  now.state.typed = "";
  if (job !== "look") warm();
  if (untouched() && !kept) delete now.files.answer;
  now.state.job = job;
  now.touched = false;
  clear();
  muted = engine.state === "running";
  $("typing").hidden = $("stop").hidden = true;
  begin();
  show();
  note();
}

async function start() {
  tellAll();
  $("language").lang = lang ? "en" : "zh";
  $("jobs").replaceChildren(...Object.entries(JOBS).map(([job, { title }]) => {
    const tab = document.createElement("a");
    Object.assign(tab, { href: `#job=${job}${lang && `&lang=${lang}`}`, textContent: title });
    tab.dataset.job = job;
    tab.addEventListener("click", (event) => { event.preventDefault(); choose(job); });
    return tab;
  }));
  fit($("live"));
  navigator.serviceWorker?.register("sw.js").catch(() => {});
  now.site = await (await fetch("site.json")).json();
  now.site.problems = now.site.titles[lang || "en"];
  fill($("example"), Object.entries(now.site.passes).map(([name, { title }]) => [name, `${name}: ${told(title)}`]), "batch_norm");
  for (const name of FIELDS) {
    $(name).addEventListener("input", () => { now.state[name] = $(name).value; now.state.typed = ""; begin(); if (name === "of") show(); note(); });
  }
  for (const role of Object.keys(FILES)) $(role).addEventListener("input", () => { written($(role)); note(); });
  $("of").addEventListener("change", () => { if (untouched()) { example(); show(); note(); } });
  $("example").addEventListener("change", () => { worked($("example").value, ""); show(); note(); });
  $("slip").addEventListener("change", () => { worked($("example").value, $("slip").value); show(); note(); });
  $("answer-example").addEventListener("click", () => { example(); show(); note(); });
  $("answer-clear").addEventListener("click", () => { delete now.files.answer; show(); note(); });
  $("answer-file").addEventListener("change", () => take($("answer-file").files[0]));
  $("form").addEventListener("submit", (event) => { event.preventDefault(); go(); });
  $("stop").addEventListener("click", stop);
  $("typing").addEventListener("submit", (event) => { event.preventDefault(); type(`${now.state.typed}${$("typed").value}\n`); });
  $("again").addEventListener("click", () => type(""));
  $("said").addEventListener("click", (event) => {
    if (!event.target.href) return;
    event.preventDefault();
    choose("command");
    now.state.line = event.target.textContent.trim().slice(8);
    show();
    go();
  });
  $("copy").addEventListener("click", copy);
  $("language").addEventListener("click", async () => {
    now.state.lang = lang ? "" : "zh";
    history.pushState(null, "", `#${await link(now.state, concerned())}`);
    location.reload();
  });
  addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("run").hidden) go(); });
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  addEventListener("dragleave", () => document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  addEventListener("hashchange", opened);
  await opened();
  document.documentElement.dataset.ready = "";
}

start();

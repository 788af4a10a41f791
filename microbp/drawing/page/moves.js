// The moves from step to step, by buttons, keys and links.

function draw() {
  drawFormula();
  drawGraph();
  drawTable();
  drawChanges();
  const place = at < 0 ? words.atValue(forward.length + at, forward.length) : at > n ? words.atUpdate : words.atStep(at, n);
  const count = made ? words.inEpoch(made + 1, place) : place;
  $("count").textContent = count;
  Object.assign($("slider"), { min: low, max: most(), value: at });
  $("slider").setAttribute("aria-valuetext", count);
  $("sample").value = String(sample);
  $("start").disabled = at === low && !quiz.asking;
  $("back").disabled = $("start").disabled && !past.at(-1)?.epoch;
  $("next").disabled = at === n && most() === n;
  $("end").disabled = at >= n;
  $("view").setAttribute("aria-pressed", String(!showsFigure()));
  $("forward").setAttribute("aria-pressed", String(low < 0));
  $("quiz").setAttribute("aria-pressed", String(quiz.on));
  $("question").hidden = !quiz.asking;
  $("asked").textContent = words.asked(at + 1);
  const over = quiz.left || (quiz.on && at === n && quiz.known === n && quiz.log.length > 0);
  $("score").hidden = !over;
  if (over) drawScore();
  if (!running) $("live").textContent = words.aloud(count, $("formula").textContent, $("why").textContent);
}

// The end of an epoch: its update, if anything is trained and no quiz waits.
const most = () => (trained.size && !quiz.on ? n + 1 : n);

function go(k) {
  k = Math.max(low, Math.min(most(), Math.round(k)));
  if (quiz.on && k > quiz.known) {
    // Nothing is shown ahead of its question: go as far as is known, and ask.
    at = quiz.known;
    ask();
    say(words.answerFirst, "");
    remember();
    return;
  }
  at = k;
  quiz.asking = false;
  say("", "");
  remember();
  draw();
}

function next() {
  if (quiz.on && at === quiz.known && at < n) {
    if (quiz.asking) say(words.answerFirst, "");
    else ask();
    if (quiz.asking) $("answer").focus();
  } else if (at > n) beginEpoch();
  else go(at + 1);
}

function back() {
  if (at === low && past.at(-1)?.epoch && !quiz.on) undo();
  else go(quiz.asking ? at : at - 1);
}

// Where the page is, and what on it is not as it came: a link shows exactly this.
function remember() {
  clearTimeout(soon);
  const changed = leaves.filter((k) => !Object.is(values[k], cards[k].given));
  const place = at < 0 ? `forward=${forward.length + at}` : at > n ? "update=1" : `step=${at}`;
  const state = [place, ...changed.map((k) => `x${k}=${values[k]}`)];
  if (data.figure && !asFigure) state.push("view=cards");
  if (eta !== data.rate) state.push(`eta=${eta}`);
  if (made) state.push(`made=${made}`);
  if (leaves.some((k) => trained.has(k) !== cards[k].trained)) state.push(`train=${[...trained].join(".")}`);
  if (tongue) state.push(`lang=${data.languages[tongue]}`);
  try {
    history.replaceState(null, "", `#${state.join("&")}`);
  } catch {
    // In a notebook's sandboxed frame there is no address to change.
  }
}

// Browsers allow some hundred changes of the address in half a minute: while keys are held down, it waits.
let soon = 0;
function rememberSoon() {
  clearTimeout(soon);
  soon = setTimeout(remember, 300);
}

function open() {
  const state = new URLSearchParams(location.hash.slice(1));
  const number = (name, otherwise) => {
    const x = Number(state.get(name) || NaN);
    return Number.isFinite(x) ? x : otherwise;
  };
  speak(Math.max(0, data.languages.indexOf(state.get("lang"))));
  stopRun();
  for (const k of leaves) values[k] = cards[k].given;
  compute();
  before = values.slice();
  for (const k of leaves) values[k] = number(`x${k}`, cards[k].given);
  if (leaves.every((k) => Object.is(values[k], before[k]))) before = null;
  eta = number("eta", data.rate);
  [made, losses, typed] = [number("made", 0), [], -1];
  const which = state.get("train")?.split(".").map(Number);
  trained.clear();
  for (const k of leaves) if (which ? which.includes(k) : cards[k].trained) trained.add(k);
  compute();
  stale = true;
  setView(state.get("view") !== "cards");
  low = state.has("forward") ? -forward.length : low;
  if (state.has("forward")) return go(low + number("forward", 0));
  if (state.has("update")) return go(n + 1);
  return go(Math.min(n, number("step", state.has("step") ? 0 : data.start)));
}

function play(on) {
  clearInterval(timer);
  if (on && at > n) next();
  timer = on && at < most() && !quiz.on ? setInterval(() => (at < most() && !quiz.on ? next() : play(false)), 1600) : 0;
  showPlaying();
}

function showPlaying() {
  $("play").textContent = timer ? words.pause : words.play;
  $("play").setAttribute("aria-pressed", String(!!timer));
}

const KEYS = {
  ArrowLeft: back,
  ArrowRight: next,
  Home: () => go(low),
  End: () => at < n && go(n),
  " ": () => play(!timer),
  d: descendOnce,
  q: toggleQuiz,
  Escape: () => quiz.on && toggleQuiz(),
};

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !(target.id === "answer" && target.value)) {
    event.preventDefault();
    return undo();
  }
  if (target.matches("textarea, input[type=text]:not(#answer)")) return; // which listens to its keys itself
  if (["Enter", " "].includes(event.key) && target.classList.contains("leaf")) {
    event.preventDefault(); // or the field that opens would take this key, too
    return editCard(painted.cards.find((one) => one.group === target).k);
  }
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const typing = target.id === "answer" && event.key !== "Escape";
  if (typing && (target.value || [" ", "q"].includes(event.key))) return;
  if (event.key === " " && target.closest("button, summary, [type=checkbox]")) return; // space presses it
  if (target.classList.contains("card") && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    const k = painted.cards.findIndex((card) => card.group === target) + (event.key === "ArrowDown" ? 1 : -1);
    painted.cards[k]?.group.focus();
    event.preventDefault();
    return;
  }
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  if (event.key !== " ") play(false);
  KEYS[event.key]();
});

const press = (id, action) => $(id).addEventListener("click", () => {
  if (id !== "play") play(false);
  action();
});
press("back", KEYS.ArrowLeft);
press("next", next);
press("start", KEYS.Home);
press("end", KEYS.End);
press("play", KEYS[" "]);
press("quiz", toggleQuiz);
function setView(figure) {
  asFigure = figure || !data.layouts.length;
  frame = -1;
}
$("view").hidden = !data.figure || !data.layouts.length; // no Graphviz, no cards
press("view", () => {
  setView(!asFigure);
  draw();
  remember();
});
press("language", () => {
  speak((tongue + 1) % data.languages.length);
  setView(asFigure);
  draw();
  remember();
});
press("forward", () => {
  low = low < 0 ? 0 : -forward.length;
  go(low);
});
press("descend", descendOnce);
press("run", () => run(!running));
press("undo", undo);
press("keep", keep);
press("reset", reset);
$("eta").addEventListener("input", () => {
  const x = evaluate($("eta").value);
  $("eta").setAttribute("aria-invalid", String(x === null));
  if (x !== null) eta = x;
  rememberSoon();
});
press("save", download);
$("code").addEventListener("focus", () => $("code").select());
press("skip", () => {
  reveal(false);
  $("next").focus();
});
$("samples").hidden = data.samples < 2;
$("sample").addEventListener("change", () => showSample(Number($("sample").value)));
$("slider").addEventListener("input", () => go(Number($("slider").value)));
$("question").addEventListener("submit", (event) => {
  event.preventDefault();
  check();
  if (!quiz.asking) $("next").focus(); // so that Enter goes on to the next question
});
// Says everything in one of the page's languages; what the next drawing says anew is left to it.
function speak(which) {
  tongue = which;
  words = phrases();
  const language = data.languages[(which + 1) % data.languages.length];
  document.documentElement.lang = data.languages[which];
  document.title = $("title").textContent = told(data.title);
  for (const fill of places) fill();
  idle = $("info").textContent;
  table = "";
  Object.assign($("language"), { hidden: data.languages.length < 2, lang: language });
  $("language").textContent = new Intl.DisplayNames(language, { type: "language" }).of(language);
  $("sample").replaceChildren(...Array.from({ length: data.samples }, (_, k) =>
    make("option", { value: k }, words.ofSamples(k + 1, data.samples))));
  for (const { k, input, box } of fields) {
    input.setAttribute("aria-label", words.valueOf(cards[k].name));
    box.setAttribute("aria-label", words.descends(cards[k].name));
  }
  showPlaying();
  say("", "");
}
window.addEventListener("hashchange", open);
window.addEventListener("resize", () => {
  followed = NaN;
  drawGraph();
});

// A frame sees the theme of the system alone: a notebook says its own.
const darkRules = [...document.styleSheets[0].cssRules].filter((rule) => rule.media?.mediaText.includes("dark"));
function setTheme(theme) {
  if (!["dark", "light"].includes(theme)) return;
  document.documentElement.style.colorScheme = theme;
  for (const rule of darkRules) rule.media.mediaText = theme === "dark" ? "screen" : "not all";
}
window.addEventListener("message", (event) => event.source === window.parent && setTheme(event.data));

// A part of another page, `?embed`, `?embed=dark`: less around it, and it says how high it is.
const embed = new URLSearchParams(location.search).get("embed");
if (embed !== null) {
  document.body.className = "embed";
  setTheme(embed);
  new ResizeObserver(() => {
    window.parent.postMessage({ height: Math.ceil(document.body.getBoundingClientRect().height) }, "*");
  }).observe(document.body);
}
open();

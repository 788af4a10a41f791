"use strict";
// One number, `at`, says what the page shows: 0 … n for so many backward steps made, and below 0 for a forward pass
// that has so many values to go. Everything on the page is drawn from it, so that nothing can disagree.
// All text comes from the data and goes in by textContent: a label cannot become markup. Sentences are made in Python.
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

const cards = data.cards.map(([kind, name, value, made, by, equation, exact]) =>
  ({ kind, name, value, made, by, equation, exact, steps: [] }));
const steps = data.steps.map(
  ([node, input, up, local, part, after, grad, label, reason, rule, arrival, number, ideas], k) =>
  ({ k: k + 1, node, input, up, local, part, after, grad, label, reason, rule, arrival, number, ideas }));
for (const step of steps) cards[step.input].steps.push(step.k);
const n = steps.length;
const root = cards.length - 1;
const forward = data.forward; // the cards that are computed, in that order

let at = 0;
let low = 0; // −forward.length once the forward pass is to be seen
let timer = 0;
// While `asking`, step at + 1 is a question. Steps up to `known` have been shown; no way leads past it but an answer.
const quiz = { on: false, asking: false, known: 0, tried: false, right: 0, asked: 0, missed: [] };

function make(tag, attributes = {}, text) {
  const element = document.createElementNS(tag in SHAPES ? SVG : "http://www.w3.org/1999/xhtml", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// ---------------------------------------------------------------------------------------------------- the formula

const derivative = (by) => `${cards[root].by}/${by}`;

// Set as a fraction, read (and copied) as ∂E/∂w5.
function fraction(by) {
  const all = make("span", { class: "fraction" });
  all.append(make("span", {}, cards[root].by), make("span", { class: "unseen" }, "/"), make("span", {}, by));
  return all;
}

function local(step) {
  const all = fraction(cards[step.input].by);
  all.firstChild.textContent = cards[step.node].by;
  return all;
}

function number(kind, text) {
  const what = { up: "arrived", local: "local", part: "contribution", value: "value" }[kind];
  return make("span", { class: `number ${kind}`, "data-what": what }, text);
}

function drawFormula() {
  const line = $("formula");
  line.replaceChildren();
  let why = "";
  if (at < 0) {
    const card = cards[forward[forward.length + at - 1]];
    if (card) line.append(`${card.equation} = `, number("local", card.exact));
    if (card) line.lastChild.dataset.what = "value";
    why = card ? "Forward pass: each value is computed from values that are there already."
      : "Forward pass: the inputs and parameters are given; everything else is computed from them.";
  } else if (at === 0 && !quiz.asking) {
    line.append(fraction(cards[root].by), " = ", number("up", "1"));
    why = "The backward pass starts at the end of the graph: a value's derivative with respect to itself is 1. Press → or Next.";
  } else {
    const step = shown();
    const [up, loc, part] = quiz.asking ? ["?", "?", "?"] : [step.up, step.local, step.part];
    line.append(fraction(cards[step.input].by), " += ", fraction(cards[step.node].by), " · ", local(step), " = ",
      number("up", up), " × ", number("local", loc), " = ", number("part", part));
    if (!quiz.asking) why = `${step.reason} ${data.rules[step.rule]} ${step.arrival}`;
  }
  $("why").textContent = why;
}

// The step that is in view: the one to guess, or the one made last.
const shown = () => steps[quiz.asking ? at : at - 1];

// ------------------------------------------------------------------------------------------------------ the graph

const SHAPES = { g: 1, rect: 1, text: 1, path: 1, polygon: 1, circle: 1 };
let frame = -1; // which picture is painted
let painted = { cards: [], arrows: [] };

let sample = 0; // which of several samples is painted, where a step belongs to all of them

function frameNow() {
  const own = at < 0 ? data.byNode[forward[Math.max(forward.length + at - 1, 0)]]
    : data.byStep[quiz.asking ? at : Math.max(at - 1, 0)];
  if (own === -1) return sample;
  if (data.samples > 1) sample = own;
  return own ?? 0;
}

// Goes to where another sample is as far as this one is now; steps that belong to all of them stay.
function showSample(which) {
  const back = at >= 0;
  const own = back ? data.byStep : forward.map((k) => data.byNode[k]);
  const here = back ? at - 1 : forward.length + at - 1;
  const places = (k) => own.flatMap((frame, place) => (frame === k ? [place] : []));
  const nth = places(sample).indexOf(here);
  sample = which;
  if (nth < 0) return draw();
  const there = places(which)[Math.min(nth, places(which).length - 1)];
  return go(back ? there + 1 : there + 1 - forward.length);
}

function paint(which) {
  frame = which;
  const [index, nodes, arrowSteps, titles] = data.frames[which];
  const layout = data.layouts[index];
  const svg = $("graph");
  svg.replaceChildren();
  svg.setAttribute("viewBox", `-8 -8 ${layout.w + 16} ${layout.h + 16}`);
  svg.style.minWidth = `${layout.w * 0.65}px`; // smaller, nobody can read it: then it scrolls
  svg.style.maxWidth = `${layout.w * Math.min(1.25, Math.max(0.9, 600 / layout.h))}px`;
  painted = { cards: [], arrows: [] };
  layout.c.forEach(([x, y, width, height], k) => {
    const inner = layout.c.some(([a, b, w, h]) => a < x && b < y && a + w > x + width && b + h > y + height);
    const box = make("g", { class: inner ? "box inner" : "box" });
    box.append(make("rect", { x, y, width, height, rx: 10 }), make("text", { x: x + 10, y: y + 16 }, titles[k]));
    svg.append(box);
  });
  layout.a.forEach(([points, label], k) => svg.append(paintArrow(points, label, arrowSteps[k])));
  svg.append(...painted.arrows.map((arrow) => arrow.text).filter(Boolean)); // above all arrows
  for (const [x, y, size] of layout.x) {
    const joint = make("g", { class: "joint" });
    const [cx, cy] = [x + size / 2, y + size / 2];
    joint.append(make("circle", { cx, cy, r: size / 2 }), make("text", { x: cx, y: cy + 4 }, "×"));
    svg.append(joint);
  }
  layout.n.forEach((place, k) => svg.append(paintCard(place, nodes[k])));
  if (painted.cards.length) painted.cards[0].group.setAttribute("tabindex", "0");
}

// An arrow has a head at either end, of which one is shown; the line goes on to the end that has none.
function paintArrow(points, label, which) {
  const group = make("g", { class: "arrow" });
  const pairs = [];
  for (let i = 0; i < points.length; i += 2) pairs.push([points[i], points[i + 1]]);
  const line = pairs.slice(1, -1);
  const [start, end] = [pairs[0], pairs[pairs.length - 1]];
  group.append(
    make("path", { class: "line", d: `M${line[0]}C${line.slice(1).join(" ")}` }),
    make("path", { class: "tail", d: `M${line[0]}L${start}` }),
    make("path", { class: "tailless", d: `M${line[line.length - 1]}L${end}` }),
    make("polygon", { class: "in", points: head(line[0], start) }),
    make("polygon", { class: "out", points: head(line[line.length - 1], end) }));
  let text = null;
  if (label.length) {
    text = make("text", { x: label[0], y: label[1] + 3.5, class: label[2] ? "label aside" : "label" });
  }
  painted.arrows.push({ group, text, which });
  return group;
}

function head([x, y], [tipX, tipY]) {
  const [dx, dy] = [(tipX - x) * 0.42, (tipY - y) * 0.42];
  return `${tipX},${tipY} ${x - dy},${y + dx} ${x + dy},${y - dx}`;
}

function paintCard([x, y, width, height], k) {
  const card = cards[k];
  const group = make("g", { class: `card ${card.kind}`, role: "img", "aria-label": card.equation, tabindex: "-1" });
  const round = card.kind === "input" || card.kind === "activation" ? 9 : 2;
  const last = y + height - 7;
  const grad = make("text", { x: x + width - 6, y: last, class: "grad" });
  const value = make("text", { x: x + width - 6, y: y + 15, class: "value" });
  group.append(
    make("rect", { x, y, width, height, rx: round }),
    make("text", { x: x + 6, y: y + 15, class: "name" }, card.name), value,
    make("text", { x: x + 6, y: y + 31, class: "made" }, height > 40 ? card.made : ""),
    make("text", { x: x + 6, y: last, class: "word" }, "grad"), grad);
  const entry = { k, group, grad, value, x, y, width, height };
  painted.cards.push(entry);
  group.addEventListener("pointerenter", () => see(k));
  group.addEventListener("pointerleave", () => see(focused()));
  group.addEventListener("focus", () => see(k));
  group.addEventListener("blur", () => see(-1));
  // A font wider than foreseen is squeezed into its card.
  requestAnimationFrame(() => fit(group.children[1], width - 16 - value.getComputedTextLength()));
  requestAnimationFrame(() => fit(group.children[3], width - 12));
  return group;
}

// The card that has the keyboard's focus, or −1.
const focused = () => painted.cards.find((card) => card.group === document.activeElement)?.k ?? -1;

function fit(text, room) {
  text.removeAttribute("textLength");
  if (room > 0 && text.getComputedTextLength() > room) {
    text.setAttribute("textLength", room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

// What has arrived at a card so far; null before anything has.
function gradOf(k) {
  if (at < 0) return null;
  if (k === root) return { text: "1", complete: true };
  const arrived = cards[k].steps.filter((s) => s <= at);
  if (!arrived.length) return null;
  return { text: steps[arrived[arrived.length - 1] - 1].grad, complete: arrived.length === cards[k].steps.length };
}

function drawGraph() {
  if (frameNow() !== frame) paint(frameNow());
  const done = new Set(forward.slice(0, forward.length + Math.min(at, 0)));
  const later = new Set(forward.filter((k) => !done.has(k)));
  const step = at >= 0 ? shown() : undefined;
  const fresh = at < 0 ? forward[forward.length + at - 1] : -1;
  for (const { k, group, grad, value, width } of painted.cards) {
    const list = group.classList;
    list.toggle("from", step ? k === step.node : at === 0 && k === root);
    list.toggle("to", !!step && k === step.input);
    list.toggle("asked", quiz.asking && !!step && (k === step.input || k === step.node));
    list.toggle("fresh", k === fresh);
    value.textContent = later.has(k) ? "?" : cards[k].value;
    const now = gradOf(k);
    const text = now ? now.text + (now.complete ? "" : " + ?") : "?";
    grad.classList.toggle("none", !now);
    if (grad.textContent !== text) {
      grad.textContent = text;
      fit(grad, width - 40);
    }
  }
  for (const { group, text, which } of painted.arrows) {
    const list = group.classList;
    list.toggle("now", !!step && !quiz.asking && which.includes(step.k));
    list.toggle("asked", !!step && quiz.asking && which.includes(step.k));
    list.toggle("done", which.some((s) => s <= at));
    list.toggle("later", which.some((s) => later.has(steps[s - 1].node)));
    if (text) text.classList.toggle("now", list.contains("now") || list.contains("asked"));
    // A hidden label would still be in the page: what must not be known yet is not there at all.
    if (text) text.textContent = list.contains("later") ? "" : list.contains("asked") ? "?" : steps[which[0] - 1].label;
  }
  follow(step ? [step.node, step.input] : [fresh >= 0 ? fresh : at < 0 ? 0 : root]);
}

// Scrolls the graph in its box, never the page, until the cards of this step are in it.
function follow(which) {
  const stage = $("stage");
  const places = which.map((k) => painted.cards.find((card) => card.k === k)).filter(Boolean);
  if (!places.length) return;
  const svg = $("graph").getBoundingClientRect();
  const scale = svg.width / $("graph").viewBox.baseVal.width;
  const offset = Math.max(0, svg.left - stage.getBoundingClientRect().left + stage.scrollLeft - stage.clientLeft);
  const along = (position, size, start, room, from) => {
    const near = (Math.min(...places.map((p) => p[position])) + 8) * scale + from;
    const far = (Math.max(...places.map((p) => p[position] + p[size])) + 8) * scale + from;
    if (near >= start + 8 && far <= start + room - 8) return start;
    if (far - near <= room - 16) return (near + far - room) / 2;
    const last = places[places.length - 1]; // if both cannot be in it: the card that the contribution goes to
    return (last[position] + last[size] / 2 + 8) * scale + from - room / 2;
  };
  const left = along("x", "width", stage.scrollLeft, stage.clientWidth, offset);
  const top = along("y", "height", stage.scrollTop, stage.clientHeight, 0);
  if (left === stage.scrollLeft && top === stage.scrollTop) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  stage.scrollTo({ left, top, behavior: calm ? "auto" : "smooth" });
}

const idle = $("info").textContent;

// Shows how a card is made, and which arrows belong to it. A value that is not yet computed stays unsaid.
function see(k) {
  const known = k >= 0 && !(at < 0 && forward.indexOf(k) >= forward.length + at);
  $("info").textContent = k < 0 ? idle : known ? `${cards[k].equation} = ${cards[k].exact}` : cards[k].equation;
  for (const card of painted.cards) card.group.classList.toggle("seen", card.k === k);
  for (const { group, which } of painted.arrows) {
    group.classList.toggle("seen", which.some((s) => steps[s - 1].node === k || steps[s - 1].input === k));
  }
}

// ------------------------------------------------------------------------------------------------------ the table

const HEADS = {
  back: [["Step"], ["Derivative", "words"], ["Arrived"], ["Local"], ["Contribution"], ["Total so far"]],
  forth: [["Value"], ["Equation", "words"], ["Number"]],
};
let table = "";

function drawTable() {
  const kind = at < 0 ? "forth" : "back";
  const rows = $("rows");
  if (kind !== table) {
    table = kind;
    rows.replaceChildren();
    $("head").replaceChildren(
      ...HEADS[kind].map(([text, style]) => make("th", { scope: "col", class: style ?? "" }, text)));
    $("sofar").textContent = `The ${at < 0 ? "values" : "steps"} so far, the latest first`;
  }
  const count = at < 0 ? forward.length + at : at;
  while (rows.children.length > count) rows.firstChild.remove();
  while (rows.children.length < count) rows.prepend(makeRow(kind, rows.children.length));
  for (const row of rows.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
  if (count) rows.firstChild.setAttribute("aria-current", "step");
  $("scroll").scrollTop = 0;
}

// A number that stands alone needs no brackets.
const bare = (factor) => factor.replace(/^\((.*)\)$/, "$1");

function makeRow(kind, k) {
  const row = make("tr");
  const first = make("td");
  first.append(make("button", { type: "button" }, String(k + 1)));
  if (kind === "forth") {
    const card = cards[forward[k]];
    row.append(first, make("td", { class: "words" }, card.equation), make("td", { class: "local" }, card.exact));
  } else {
    const step = steps[k];
    row.append(first, make("td", { class: "words" }, derivative(cards[step.input].by)),
      make("td", { class: "up" }, bare(step.up)), make("td", { class: "local" }, bare(step.local)),
      make("td", { class: "part" }, step.part), make("td", {}, step.after));
  }
  row.addEventListener("click", () => go(kind === "forth" ? k + 1 - forward.length : k + 1));
  return row;
}

// ----------------------------------------------------------------------------------------------------- the moves

function draw() {
  drawFormula();
  drawGraph();
  drawTable();
  const count = at < 0 ? `value ${forward.length + at} of ${forward.length}` : `step ${at} of ${n}`;
  $("count").textContent = count;
  Object.assign($("slider"), { min: low, max: n, value: at });
  $("slider").setAttribute("aria-valuetext", count);
  $("sample").value = String(sample);
  $("back").disabled = $("start").disabled = at === low && !quiz.asking;
  $("next").disabled = $("end").disabled = at === n;
  $("forward").setAttribute("aria-pressed", String(low < 0));
  $("quiz").setAttribute("aria-pressed", String(quiz.on));
  $("question").hidden = !quiz.asking;
  const over = quiz.on && at === n && quiz.known === n;
  $("score").hidden = !over;
  if (over) drawScore();
  $("live").textContent = `${count}: ${$("formula").textContent}. ${$("why").textContent}`;
}

function go(k) {
  k = Math.max(low, Math.min(n, Math.round(k)));
  if (quiz.on && k > quiz.known) {
    // Nothing is shown ahead of its question: go as far as is known, and ask.
    at = quiz.known;
    ask();
    say("Answer first, or skip.", "");
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
    if (quiz.asking) say("Answer first, or skip.", "");
    else ask();
    if (quiz.asking) $("answer").focus();
  } else go(at + 1);
}

function remember() {
  const hash = at < 0 ? `#forward=${forward.length + at}` : `#step=${at}`;
  try {
    history.replaceState(null, "", hash);
  } catch {
    // In a notebook's sandboxed frame there is no address to change.
  }
}

function open() {
  const found = /^#(step|forward)(?:=(\d+))?$/.exec(location.hash);
  if (!found) return go(data.start);
  if (found[1] === "forward") low = -forward.length;
  return go(found[1] === "step" ? Number(found[2] ?? 0) : low + Number(found[2] ?? 0));
}

function play(on) {
  clearInterval(timer);
  timer = on && at < n && !quiz.on ? setInterval(() => (at < n && !quiz.on ? next() : play(false)), 1600) : 0;
  $("play").textContent = timer ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", String(!!timer));
}

// ------------------------------------------------------------------------------------------------------ the quiz

function ask() {
  if (steps[at].number === null) { // inf and nan: there is nothing to work out
    quiz.known = at + 1;
    return go(at + 1);
  }
  if (!quiz.asking) {
    quiz.asking = true;
    quiz.tried = false;
    $("answer").value = "";
    say("", "");
  }
  draw();
  return undefined;
}

function toggleQuiz() {
  play(false);
  Object.assign(quiz, { on: !quiz.on, asking: false, known: 0, right: 0, asked: 0, missed: [] });
  if (quiz.on) {
    if (at < 0 || at === n) at = 0; // at the end there is nothing left to ask: begin again
    quiz.known = at;
  }
  say("", "");
  remember();
  draw();
  if (quiz.on && at < n) next();
}

function reveal(right) {
  quiz.known = at + 1;
  quiz.asked += 1;
  if (right && !quiz.tried) quiz.right += 1;
  else quiz.missed.push(at + 1);
  go(at + 1);
}

const close = (guess, right) => Math.abs(guess - right) <= data.tolerance * Math.abs(right) || guess === right;

function check() {
  const step = steps[at];
  const guess = evaluate($("answer").value);
  if (guess === null) return say("Type a number, or a product such as 0.5*0.2.", "");
  if (close(guess, step.number)) {
    reveal(true);
    return say(data.right, "right");
  }
  quiz.tried = true;
  const idea = Object.keys(data.ideas).find((code) => step.ideas[code] != null && close(guess, step.ideas[code]));
  return say(idea ? data.ideas[idea] : data.wrong, "wrong");
}

function say(text, style) {
  $("feedback").textContent = text;
  $("feedback").className = style;
}

function drawScore() {
  const points = `Right at the first try: ${quiz.right} of ${quiz.asked}.`;
  $("points").textContent = quiz.missed.length ? `${points} Missed:` : points;
  $("missed").replaceChildren(...quiz.missed.map((k) => {
    const item = make("li");
    const button = make("button", { type: "button" }, `step ${k}: ${derivative(cards[steps[k - 1].input].by)}`);
    button.addEventListener("click", () => go(k));
    item.append(button);
    return item;
  }));
}

// A little arithmetic, by recursive descent: numbers, + - * / ** and brackets. null for anything else.
function evaluate(text) {
  const tidy = text.replace(/[−–]/g, "-").replace(/[×·]/g, "*").replace(/\^/g, "**").replace(/,/g, ".");
  const tokens = tidy.match(/\*\*|[-+*/()]|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|\S/gi) ?? [];
  let i = 0;
  const take = (...signs) => (signs.includes(tokens[i]) ? tokens[i++] : null);
  function sum() {
    let total = product();
    for (let sign; (sign = take("+", "-"));) total = sign === "+" ? total + product() : total - product();
    return total;
  }
  function product() {
    let total = signed();
    for (let sign; (sign = take("*", "/"));) total = sign === "*" ? total * signed() : total / signed();
    return total;
  }
  function signed() {
    if (take("-")) return -signed();
    return take("+") ? signed() : power();
  }
  function power() {
    const base = atom();
    return take("**") ? base ** signed() : base;
  }
  function atom() {
    if (take("(")) {
      const inside = sum();
      return take(")") ? inside : NaN;
    }
    return /^[\d.]/.test(tokens[i] ?? "") ? Number(tokens[i++]) : NaN;
  }
  const result = sum();
  return i === tokens.length && Number.isFinite(result) ? result : null;
}

// ------------------------------------------------------------------------------------------------- keys and buttons

const KEYS = {
  ArrowLeft: () => go(quiz.asking ? at : at - 1),
  ArrowRight: next,
  Home: () => go(low),
  End: () => go(n),
  " ": () => play(!timer),
  q: toggleQuiz,
  Escape: () => quiz.on && toggleQuiz(),
};

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const typing = target.id === "answer" && event.key !== "Escape";
  if (typing && (target.value || [" ", "q"].includes(event.key))) return;
  if (event.key === " " && target.closest("button")) return; // space presses the button
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
press("forward", () => {
  low = low < 0 ? 0 : -forward.length;
  go(low);
});
press("skip", () => {
  reveal(false);
  $("next").focus();
});
for (let k = 0; k < data.samples; k++) $("sample").append(make("option", { value: k }, `${k + 1} of ${data.samples}`));
$("samples").hidden = data.samples < 2;
$("sample").addEventListener("change", () => showSample(Number($("sample").value)));
$("slider").addEventListener("input", () => go(Number($("slider").value)));
$("question").addEventListener("submit", (event) => {
  event.preventDefault();
  check();
  if (!quiz.asking) $("next").focus(); // so that Enter goes on to the next question
});
window.addEventListener("hashchange", open);
window.addEventListener("resize", () => drawGraph());

// A frame sees the theme of the system alone: a notebook says its own.
const darkRules = [...document.styleSheets[0].cssRules].filter((rule) => rule.media?.mediaText.includes("dark"));
window.addEventListener("message", ({ data, source }) => {
  if (source !== window.parent || !["dark", "light"].includes(data)) return;
  document.documentElement.style.colorScheme = data;
  for (const rule of darkRules) rule.media.mediaText = data === "dark" ? "screen" : "not all";
});
open();
})();

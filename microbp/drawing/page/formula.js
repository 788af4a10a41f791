// The formula of the step in view, and the table of the steps so far.

const derivative = (by) => `${cards[root].by}/${by}`;

// Set as a fraction, read (and copied) as ∂E/∂w5.
function fraction(by) {
  const all = make("span", { class: "fraction" });
  all.append(make("span", {}, cards[root].by), make("span", { class: "unseen" }, "/"), make("span", {}, by));
  return all;
}

// Where the pass begins the local derivative is what is sought: there its formula stands instead.
function local(step) {
  if (step.direct !== null) return quiz.asking ? words.localDerivative : step.direct;
  const all = fraction(cards[step.input].by);
  all.firstChild.textContent = cards[step.node].by;
  return all;
}

function number(kind, text, what = kind) {
  return make("span", { class: `number ${kind}`, "data-what": words.kinds[what] }, text);
}

function drawFormula() {
  const line = $("formula");
  line.replaceChildren();
  let why = "";
  if (at < 0) {
    const card = cards[forward[forward.length + at - 1]];
    if (card) line.append(`${card.equation} = `, number("local", decimals(values[forward[forward.length + at - 1]]), "value"));
    why = card ? words.forward
      : words.forwardStart;
  } else if (at === 0 && !quiz.asking) {
    line.append(fraction(cards[root].by), " = ", number("up", "1"));
    why = words.backwardStart;
  } else if (at > n) {
    const [k] = trained;
    line.append(`${cards[k].name} ← ${cards[k].name} − η · `, fraction(cards[k].by), " = ", number("old", decimals(values[k])),
      " − ", number("rate", decimals(eta)), " × ", number("up", factor(grads[k]), "grad"), " = ", number("part", decimals(updated(k)), "new"));
    why = words.update(made + 2);
  } else {
    const step = shown();
    const [up, loc, part] = quiz.asking ? ["?", "?", "?"] : [factor(step.up), factor(step.local), decimals(step.part)];
    line.append(fraction(cards[step.input].by), " += ", fraction(cards[step.node].by), " · ", local(step), " = ",
      number("up", up), " × ", number("local", loc), " = ", number("part", part));
    why = quiz.asking ? given(step) : words.why(reason(step), told(data.rules[step.rule]), arrival(step));
  }
  $("why").textContent = why;
}

// The sentences of Python's `stepping.sentences`.
function reason({ node, input, formula }) {
  const { whole, formula: made } = cards[node];
  return (made ? words.reason : words.partReason)({ name: whole, made, input: cards[input].whole, formula });
}

function arrival(step) {
  const { whole, steps: all } = cards[step.input];
  if (step.first) return (all.length === 1 ? words.only : words.first)({ name: whole });
  return words.added({ name: whole, before: decimals(step.before), contribution: factor(step.part), after: decimals(step.after) });
}

// The step that is in view: the one to guess, or the one made last.
const shown = () => steps[quiz.asking ? at : at - 1];

// Of the table's rows in each pass: the equation, the numbers and what colours them, and where a click leads.
const TABLES = {
  back: {
    styles: ["up", "local", "part", ""],
    text: (k) => derivative(cards[steps[k].input].by),
    numbers: (k) => [steps[k].up, steps[k].local, steps[k].part, steps[k].after],
    place: (k) => k + 1,
  },
  update: {
    styles: ["part"],
    text: (k) => `${cards[leafAt(k)].name} ← ${decimals(values[leafAt(k)])} − ${decimals(eta)} · ${factor(grads[leafAt(k)])}`,
    numbers: (k) => [updated(leafAt(k))],
    place: (k) => cards[leafAt(k)].steps.at(-1) ?? n,
  },
  forth: {
    styles: ["local"],
    text: (k) => cards[forward[k]].equation,
    numbers: (k) => [values[forward[k]]],
    place: (k) => k + 1 - forward.length,
  },
};
const leafAt = (k) => [...trained][k];
let table = ""; // which of them it is
let stale = false; // whether its numbers are to be written anew
const fills = []; // what writes the numbers of each row

function drawTable() {
  const kind = at < 0 ? "forth" : at > n ? "update" : "back";
  const body = $("rows");
  if (running && fills.length > 100) return; // laying out so many rows takes longer than a step: they wait for the end
  if (kind !== table || at > n) {
    table = kind;
    body.replaceChildren();
    fills.length = 0;
    $("head").replaceChildren(...words.heads[kind].map((text, k) =>
      make("th", { scope: "col", class: k === 1 ? "words" : "" }, text)));
    $("sofar").textContent = words.soFar[kind];
  }
  const count = { forth: forward.length + at, back: at, update: trained.size }[kind];
  while (fills.length > count) {
    body.firstChild.remove();
    fills.pop();
  }
  if (stale) for (const fill of fills) fill();
  stale = false;
  while (fills.length < count) body[at > n ? "append" : "prepend"](makeRow(TABLES[kind], fills.length));
  for (const row of body.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
  if (count && at <= n) body.firstChild.setAttribute("aria-current", "step");
  $("scroll").scrollTop = 0;
}

function makeRow({ styles, text, numbers, place }, k) {
  const row = make("tr");
  const first = make("td");
  first.append(make("button", { type: "button" }, String(k + 1)));
  const cells = styles.map((style) => make("td", { class: style }));
  row.append(first, make("td", { class: "words" }, text(k)), ...cells);
  const fill = () => numbers(k).forEach((x, column) => { cells[column].textContent = decimals(x); });
  fill();
  fills.push(fill);
  row.addEventListener("click", () => go(place(k)));
  return row;
}

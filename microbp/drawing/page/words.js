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
  if (step.direct !== null) return quiz.asking ? "local derivative" : step.direct;
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
    if (card) line.append(`${card.equation} = `, number("local", decimals(values[forward[forward.length + at - 1]])));
    if (card) line.lastChild.dataset.what = "value";
    why = card ? "Forward pass: each value is computed from values that are there already."
      : "Forward pass: the inputs and parameters are given; everything else is computed from them.";
  } else if (at === 0 && !quiz.asking) {
    line.append(fraction(cards[root].by), " = ", number("up", "1"));
    why = "The backward pass starts at the end of the graph: a value's derivative with respect to itself is 1. Press → or Next.";
  } else {
    const step = shown();
    const [up, loc, part] = quiz.asking ? ["?", "?", "?"] : [factor(step.up), factor(step.local), decimals(step.part)];
    line.append(fraction(cards[step.input].by), " += ", fraction(cards[step.node].by), " · ", local(step), " = ",
      number("up", up), " × ", number("local", loc), " = ", number("part", part));
    if (!quiz.asking) why = `${step.reason} ${data.rules[step.rule]} ${arrival(step)}`;
  }
  $("why").textContent = why;
}

// What a contribution is added to; the words come with the data.
const arrival = (step) => (step.first ? step.arrival
  : `${step.arrival}${decimals(step.before)} + ${factor(step.part)} = ${decimals(step.after)}.`);

// The step that is in view: the one to guess, or the one made last.
const shown = () => steps[quiz.asking ? at : at - 1];

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

function makeRow(kind, k) {
  const row = make("tr");
  const first = make("td");
  first.append(make("button", { type: "button" }, String(k + 1)));
  if (kind === "forth") {
    const card = cards[forward[k]];
    row.append(first, make("td", { class: "words" }, card.equation), make("td", { class: "local" }, decimals(values[forward[k]])));
  } else {
    const step = steps[k];
    row.append(first, make("td", { class: "words" }, derivative(cards[step.input].by)),
      make("td", { class: "up" }, decimals(step.up)), make("td", { class: "local" }, decimals(step.local)),
      make("td", { class: "part" }, decimals(step.part)), make("td", {}, decimals(step.after)));
  }
  row.addEventListener("click", () => go(kind === "forth" ? k + 1 - forward.length : k + 1));
  return row;
}

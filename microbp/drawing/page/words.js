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
    why = quiz.asking ? given(step) : `${step.reason} ${data.rules[step.rule]} ${arrival(step)}`;
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
let table = ""; // which of the two it is
let stale = false; // whether its numbers are to be written anew
const fills = []; // what writes the numbers of each row

function drawTable() {
  const kind = at < 0 ? "forth" : "back";
  const body = $("rows");
  if (running && fills.length > 100) return; // laying out so many rows takes longer than a step: they wait for the end
  if (kind !== table) {
    table = kind;
    body.replaceChildren();
    fills.length = 0;
    $("head").replaceChildren(
      ...HEADS[kind].map(([text, style]) => make("th", { scope: "col", class: style ?? "" }, text)));
    $("sofar").textContent = `The ${at < 0 ? "values" : "steps"} so far, the latest first`;
  }
  const count = at < 0 ? forward.length + at : at;
  while (fills.length > count) {
    body.firstChild.remove();
    fills.pop();
  }
  if (stale) for (const fill of fills) fill();
  stale = false;
  while (fills.length < count) body.prepend(makeRow(kind, fills.length));
  for (const row of body.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
  if (count) body.firstChild.setAttribute("aria-current", "step");
  $("scroll").scrollTop = 0;
}

function makeRow(kind, k) {
  const back = kind === "back";
  const row = make("tr");
  const first = make("td");
  first.append(make("button", { type: "button" }, String(k + 1)));
  const words = back ? derivative(cards[steps[k].input].by) : cards[forward[k]].equation;
  const cells = (back ? ["up", "local", "part", ""] : ["local"]).map((style) => make("td", { class: style }));
  row.append(first, make("td", { class: "words" }, words), ...cells);
  const fill = () => {
    const { up, local, part, after } = back ? steps[k] : {};
    const numbers = back ? [up, local, part, after] : [values[forward[k]]];
    cells.forEach((cell, place) => { cell.textContent = decimals(numbers[place]); });
  };
  fill();
  fills.push(fill);
  row.addEventListener("click", () => go(back ? k + 1 : k + 1 - forward.length));
  return row;
}

// One number, `at`, says what the page shows: 0 … n for so many backward steps made, below 0 for a forward pass that
// has so many values to go, n + 1 for the update that follows. It and the numbers at the leaves decide everything on the page, so that nothing can
// disagree. All text comes from the data and goes in by textContent: a label cannot become markup. Where there is
// a number for a text, `told` knows the sentence. The functions `rows` are made in Python from the table of operations.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

// The first and the last of a text, as many characters as there is room for.
function cut(text, most) {
  const letters = [...text];
  return letters.length > most ? [...letters.slice(0, most / 2), "…", ...letters.slice(1 - most / 2)].join("") : text;
}

// `made`: null for a leaf; else its row and what it is made from, each the number of a card or a [constant].
const cards = data.cards.map(([kind, whole, formula, by, from, trained]) => ({
  kind, whole, formula, name: cut(whole, 18), by: by || `∂${whole}`, equation: formula ? `${whole} = ${formula}` : whole,
  made: Array.isArray(from) ? from : null, given: Array.isArray(from) ? null : Number(from), trained: !!trained, steps: [],
}));
const steps = data.steps.map(([node, input, position, short, formula, rule, above, direct = null], k) =>
  ({ k: k + 1, node, input, position, label: short ? `${formula} = ` : "", formula, rule, above, direct }));
for (const step of steps) {
  step.first = !cards[step.input].steps.length;
  cards[step.input].steps.push(step.k);
}
const n = steps.length;
const root = cards.length - 1;
const forward = cards.flatMap((card, k) => (card.made ? [k] : [])); // what is computed, in that order
const leaves = cards.flatMap((card, k) => (card.made ? [] : [k]));

// ------------------------------------------------------------------------------------------- forward and backward

let values = Float64Array.from(cards, (card) => card.given ?? NaN);
const grads = new Float64Array(cards.length);

// Everything anew from the leaves, in the order of Python's arithmetic: backward goes from node to node, however the
// steps are told, and the last one to arrive at a value makes what it made.
const backward = [...steps].sort((one, other) => other.node - one.node || one.position - other.position);
function compute() {
  const slopes = new Map();
  for (const k of forward) {
    const [row, inputs] = cards[k].made;
    const numbers = inputs.map((x) => (typeof x === "number" ? values[x] : Number(x[0])));
    values[k] = rows[row].forward(numbers);
    slopes.set(k, rows[row].partials(numbers, values[k]));
  }
  grads.fill(0);
  grads[root] = 1;
  for (const step of backward) {
    step.up = grads[step.node];
    step.local = slopes.get(step.node)[step.position];
    step.part = step.up * step.local;
    grads[step.input] += step.part;
  }
  const arrived = new Float64Array(cards.length);
  for (const step of steps) {
    step.before = arrived[step.input];
    const last = cards[step.input].steps.at(-1) === step.k;
    step.after = arrived[step.input] = last ? grads[step.input] : step.before + step.part;
  }
}

let at = 0;
let low = 0; // −forward.length once the forward pass is to be seen
let timer = 0;
// While `asking`, step at + 1 is a question. Steps up to `known` have been shown; no way leads past it but an answer.
// `log` has each question that is over, as it is handed in.
const quiz = { on: false, asking: false, known: 0, guesses: [], log: [], left: false };

function make(tag, attributes = {}, text) {
  const element = document.createElementNS(tag in SHAPES ? SVG : "http://www.w3.org/1999/xhtml", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Every word that the scripts say, each sentence whole: a number in the page, of its sentences in each language.
let tongue = 0; // which of them it is: the page's own is the first
const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (whole, name) => fields[name] ?? whole);
const told = (text, fields = {}) => filled(typeof text === "number" ? data.said[tongue][text] : text, fields);

// What stands in the HTML, and how it is said in the language in force: the page's own as it was, others with what is
// marked up in them.
const places = [...document.querySelectorAll("[data-t], [data-a]")].flatMap((element) => {
  const { t, a } = element.dataset;
  const name = element.placeholder ? "placeholder" : "aria-label";
  const [own, label] = [[...element.childNodes], element.getAttribute(name)];
  return [
    t && (() => element.replaceChildren(...(tongue ? marked(told(Number(t))) : own))),
    a && (() => element.setAttribute(name, tongue ? told(Number(a)) : label)),
  ].filter(Boolean);
});
const marked = (text) => [...text.matchAll(/<(\w+)(?: class="(\w+)")?>(.*?)<\/\1>|[^<]+/g)]
  .map(([all, tag, style = "", inner]) => (tag ? make(tag, { class: style }, inner) : all));

let words;
const phrases = () => ({
  was: (number) => told("was {number}", { number }),
  both: (number, old) => told("{number} (was {old})", { number, old }),
  valueOf: (name) => told("Value of {name}", { name }),
  descends: (name) => told("Descent changes {name}", { name }),
  afterSteps: (said, steps) => {
    const count = steps.toLocaleString("en");
    return steps === 1 ? told("{said} after 1 step of descent", { said }) : told("{said} after {count} steps of descent", { said, count });
  },
  curve: (name, count, number) => told("{name} over {count} steps: {number}", { name, count, number }),
  run: told("Run"),
  stop: told("Stop"),
  play: told("Play"),
  pause: told("Pause"),
  ofSamples: (sample, samples) => told("{sample} of {samples}", { sample, samples }),
  atValue: (count, all) => told("value {count} of {all}", { count, all }),
  atStep: (step, all) => told("step {step} of {all}", { step, all }),
  atUpdate: told("update"),
  inEpoch: (epoch, place) => told("epoch {epoch}, {place}", { epoch, place }),

  kinds: { up: told("arrived"), local: told("local"), part: told("contribution"), value: told("value"), old: told("old"), rate: "η",
    grad: told("gradient"), new: told("new") },
  grad: told("grad"),
  localDerivative: told("local derivative"),
  forward: told("Forward pass: each value is computed from values known already."),
  forwardStart: told("Forward pass: the inputs and parameters are given; everything else is computed from them."),
  backwardStart: told("The backward pass starts at the end of the graph: a value's derivative with respect to itself is 1. Press → or Next."),
  update: (epoch) => told("Update: all parameters step against their gradients at once, so that each gradient is that of the old numbers. The table has a line for each. Press → or Next for epoch {epoch}.", { epoch }),
  heads: {
    back: [told("Step"), told("Derivative"), told("Arrived"), told("Local"), told("Contribution"), told("Total so far")],
    forth: [told("Value"), told("Equation"), told("Number")],
    update: ["", told("Update"), told("New")],
  },
  soFar: { back: told("The steps so far, the latest first"), forth: told("The values so far, the latest first"),
    update: told("The update, each parameter") },

  reason: (fields) => told("{name} = {made}, so its derivative with respect to {input} is {formula}.", fields),
  partReason: (fields) => told("The derivative of {name} with respect to {input} is {formula}.", fields),
  only: (fields) => told("It is the only contribution to {name}.", fields),
  first: (fields) => told("It is the first contribution to {name}.", fields),
  added: (fields) => told("It is added to what {name} has received so far: {before} + {contribution} = {after}.", fields),
  asked: (step) => told("Your turn: which number does step {step} add?", { step }),
  given: (formula, value, numbers, name, gradient) => told(
    "{formula} = {value}, with {inputs}. The gradient at {name} is {gradient}.", { formula, value, inputs: numbers.join(", "), name, gradient }),
  why: (...sentences) => sentences.reduce((one, next) => told("{one} {next}", { one, next })),
  aloud: (place, formula, why) => told("{place}: {formula}. {why}", { place, formula, why }),
  answerFirst: told("Answer first, or skip."),
  typeNumber: told("Type a number, or a product such as 0.5*0.2."),
  oneMore: (said) => told("{said} One more try.", { said }),
  points: (share, right, asked) => told("Score: {share} %, {right} of {asked} right.", { share, right, asked }),
  missed: (said) => told("{said} Missed:", { said }),
  missedStep: (step, by) => told("step {step}: {by}", { step, by }),
});

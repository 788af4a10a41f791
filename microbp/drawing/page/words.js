// Every word that the scripts say: a page in another language has another file in the place of this one.
const words = {
  was: (number) => `was ${number}`,
  both: (number, old) => `${number} (was ${old})`,
  valueOf: (name) => `Value of ${name}`,
  descends: (name) => `Descent changes ${name}`,
  afterSteps: (count) => ` after ${count.toLocaleString("en")} ${count === 1 ? "step" : "steps"} of descent`,
  curve: (name, count, number) => `${name} over ${count} steps: ${number}`,
  run: "Run",
  stop: "Stop",
  play: "Play",
  pause: "Pause",
  ofSamples: (sample, samples) => `${sample} of ${samples}`,
  atValue: (count, all) => `value ${count} of ${all}`,
  atStep: (step, all) => `step ${step} of ${all}`,
  atUpdate: "update",
  inEpoch: (epoch, place) => `epoch ${epoch}, ${place}`,

  kinds: { up: "arrived", local: "local", part: "contribution", value: "value", old: "old", rate: "η", grad: "gradient", new: "new" },
  localDerivative: "local derivative",
  forward: "Forward pass: each value is computed from values that are there already.",
  forwardStart: "Forward pass: the inputs and parameters are given; everything else is computed from them.",
  backwardStart: "The backward pass starts at the end of the graph: a value's derivative with respect to itself is 1. "
    + "Press → or Next.",
  update: (epoch) => "Update: every parameter takes one step against its gradient, all at once, so that each gradient is "
    + `that of the old numbers. The table has a line for each. Press → or Next for epoch ${epoch}.`,
  heads: {
    back: ["Step", "Derivative", "Arrived", "Local", "Contribution", "Total so far"],
    forth: ["Value", "Equation", "Number"],
    update: ["", "Update", "New"],
  },
  soFar: { back: "The steps so far, the latest first", forth: "The values so far, the latest first",
    update: "The update, each parameter" },

  given: (equation, number, numbers, name, gradient) =>
    `${equation} = ${number}, with ${numbers.join(", ")}. The gradient at ${name} is ${gradient}.`,
  answerFirst: "Answer first, or skip.",
  typeNumber: "Type a number, or a product such as 0.5*0.2.",
  oneMore: (said) => `${said} One more try.`,
  points: (share, right, asked) => `Score: ${share} %, ${right} of ${asked} right.`,
  missed: (said) => `${said} Missed:`,
  missedStep: (step, by) => `step ${step}: ${by}`,
};

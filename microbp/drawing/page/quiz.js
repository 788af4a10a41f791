// The quiz: each contribution is asked for before it is shown.

function ask() {
  if (!Number.isFinite(steps[at].part)) { // inf and nan: there is nothing to work out
    quiz.known = at + 1;
    return go(at + 1);
  }
  if (!quiz.asking) {
    quiz.asking = true;
    $("answer").value = "";
    say("", "");
  }
  draw();
  return undefined;
}

function toggleQuiz() {
  play(false);
  stopRun();
  if (quiz.on) { // left after a wrong guess, a question is missed
    if (quiz.asking && quiz.guesses.length) note(false);
    Object.assign(quiz, { on: false, asking: false, left: quiz.log.length > 0 });
    $("answer").blur(); // or it would take the keys, unseen
  } else {
    Object.assign(quiz, { on: true, asking: false, known: 0, guesses: [], log: [], left: false });
    if (at < 0 || at >= n) at = 0; // at the end there is nothing left to ask: begin again
    quiz.known = at;
  }
  say("", "");
  remember();
  draw();
  if (quiz.on && at < n) next();
}

// As the terminal's quiz writes it; `grade --quiz` judges each guess anew.
function note(ok) {
  const step = steps[at];
  const [node, input] = [cards[step.node].name, cards[step.input].name];
  quiz.log.push({ step: step.k, node, input, guesses: quiz.guesses, ok, expected: step.part });
  quiz.guesses = [];
}

function reveal(right) {
  quiz.known = at + 1;
  note(right);
  go(at + 1);
}

// What may be known before the step: how its node is made, of what, and what has arrived at it.
function given(step) {
  const { name, equation, made: [, inputs] } = cards[step.node];
  const known = [...new Set(inputs.filter((x) => typeof x === "number"))];
  const numbers = known.map((k) => `${cards[k].name} = ${decimals(values[k])}`);
  return words.given(equation, decimals(values[step.node]), numbers, name, decimals(step.up));
}

const close = (guess, right) => Math.abs(guess - right) <= data.tolerance * Math.abs(right) || guess === right;

// What each wrong idea makes of a step; the words for it come with the data.
const IDEAS = {
  "upstream-alone": (step) => step.up,
  "local-alone": (step) => step.local,
  "wrong-sign": (step) => -step.part,
  sum: (step) => step.up + step.local,
  total: (step) => (step.first ? null : step.after),
  "activation-derivative-forgotten": (step) => (step.above === null ? null : steps[step.above].up * step.local),
};

function check() {
  const step = steps[at];
  const guess = evaluate($("answer").value);
  if (guess === null) return say(words.typeNumber, "");
  quiz.guesses.push(guess);
  if (close(guess, step.part)) {
    reveal(true);
    return say(told(data.right), "right");
  }
  const fits = (wrong) => wrong !== null && !close(wrong, step.part) && close(guess, wrong);
  const idea = Object.keys(data.ideas).find((code) => fits(IDEAS[code](step)));
  const said = told(data.ideas[idea] ?? data.wrong);
  if (quiz.guesses.length < data.tries) return say(words.oneMore(said), "wrong");
  reveal(false);
  return say(said, "wrong");
}

function say(text, style) {
  $("feedback").textContent = text;
  $("feedback").className = style;
}

function drawScore() {
  const [asked, missed] = [quiz.log.length, quiz.log.filter((question) => !question.ok)];
  const right = asked - missed.length;
  const points = words.points(Math.round(1000 * right / asked) / 10, right, asked);
  $("points").textContent = missed.length ? words.missed(points) : points;
  $("missed").replaceChildren(...missed.map(({ step }) => {
    const item = make("li");
    const button = make("button", { type: "button" }, words.missedStep(step, derivative(cards[steps[step - 1].input].by)));
    button.addEventListener("click", () => go(step));
    item.append(button);
    return item;
  }));
  $("code").value = JSON.stringify({ title: document.title, asked, right, questions: quiz.log });
}

// A frame in a notebook may save no files: there the text is what is handed in.
function download() {
  const file = URL.createObjectURL(new Blob([$("code").value], { type: "application/json" }));
  make("a", { download: "quiz.json", href: file }).click();
  setTimeout(() => URL.revokeObjectURL(file), 10000);
}

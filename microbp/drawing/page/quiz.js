// The quiz: each contribution is asked for before it is shown.

function ask() {
  if (!Number.isFinite(steps[at].part)) { // inf and nan: there is nothing to work out
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
  stopRun();
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
  if (guess === null) return say("Type a number, or a product such as 0.5*0.2.", "");
  if (close(guess, step.part)) {
    reveal(true);
    return say(data.right, "right");
  }
  quiz.tried = true;
  const fits = (wrong) => wrong !== null && !close(wrong, step.part) && close(guess, wrong);
  const idea = Object.keys(data.ideas).find((code) => fits(IDEAS[code](step)));
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

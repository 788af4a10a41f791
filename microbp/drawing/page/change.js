// What if: other numbers at the leaves, typed or by gradient descent, with the old ones beside them, and the way back.

let before = null; // the values that stand as old numbers beside those that have changed since
let eta = data.rate;
let made = 0; // steps of descent since a number was last typed
let losses = []; // the root's value before the first of them, and after each
let typed = -1; // the leaf that is being typed: all of it is one change
let running = 0;
const past = []; // for undo
const trained = new Set(leaves.filter((k) => cards[k].trained));

const differs = (k) => before !== null && !Object.is(before[k], values[k]);
const was = (k) => (differs(k) ? words.was(numberText(before[k])) : "");
const exactly = (k) => (differs(k) ? words.both(decimals(values[k]), decimals(before[k])) : decimals(values[k]));

function keepPast() {
  past.push({ values: values.slice(), before, made, losses, length: losses.length });
  if (past.length > 500) past.shift();
}

function refresh() {
  compute();
  stale = true;
  draw();
}

function edit(k, x) {
  if (typed !== k) {
    stopRun();
    keepPast();
    before ??= values.slice();
    typed = k;
  }
  [made, losses] = [0, []];
  values[k] = x;
  refresh();
  $("live").textContent = `${cards[k].name} = ${decimals(x)}. ${cards[root].name} = ${exactly(root)}`;
  rememberSoon();
}

const updated = (k) => values[k] - eta * grads[k];

// Steps of gradient descent, each from the gradients at the numbers of the last. Whether one can go on.
function descend(count) {
  let moved = true;
  for (let step = 0; step < count && moved; step++) {
    if (!losses.length) losses.push(values[root]);
    const old = values.slice();
    for (const [k, x] of [...trained].map((k) => [k, updated(k)])) values[k] = x;
    compute();
    made += 1;
    losses.push(values[root]);
    moved = Number.isFinite(values[root]) && [...trained].some((k) => values[k] !== old[k]);
  }
  return moved;
}

function startDescent() {
  run(false);
  keepPast();
  before = values.slice();
  typed = -1;
}

function descendOnce() {
  if ($("descend").disabled) return;
  startDescent();
  descend(1);
  refresh();
  $("live").textContent = $("loss").textContent;
  remember();
}

// What follows the update: the forward pass with the new numbers.
function beginEpoch() {
  startDescent();
  past[past.length - 1].epoch = true;
  descend(1);
  at = low = -forward.length;
  refresh();
  remember();
}

// A step at a time, then more at a time, so that ten thousand take half a minute.
function run(on) {
  if (running && !on) {
    clearInterval(running);
    running = 0;
    draw();
    $("live").textContent = $("loss").textContent;
    remember();
  }
  if (on) {
    startDescent();
    running = setInterval(() => {
      const more = descend(Math.ceil((made + 1) / 50));
      refresh();
      if (!more) stopRun();
    }, 50);
  }
  drawChanges();
}

const stopRun = () => run(false);

function undo() {
  stopRun();
  const last = past.pop();
  if (!last) return;
  ({ values, before, made, losses } = last);
  if (last.epoch) at = n + 1;
  losses.length = last.length;
  typed = -1;
  refresh();
  remember();
}

function reset() {
  stopRun();
  keepPast();
  [before, made, losses, typed] = [null, 0, [], -1];
  for (const k of leaves) values[k] = cards[k].given;
  refresh();
  remember();
}

function keep() {
  keepPast();
  before = null;
  draw();
}

// --------------------------------------------------------------------------------------------- fields to type in

// One unit of the second digit, up or down; ten of them with Shift.
function nudged(x, by) {
  const unit = x ? 10 ** (Math.floor(Math.log10(Math.abs(x))) - 1) : 0.01;
  return Number((x + by * unit).toPrecision(12));
}

// To the right for more, to the left for less: a unit every few pixels. What was not dragged was clicked.
function draggable(grip, k) {
  let from = null;
  let moved = false;
  grip.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    grip.setPointerCapture(event.pointerId);
    [from, moved] = [{ x: event.clientX, y: event.clientY, number: values[k] }, false];
  });
  const move = (event) => {
    if (!from) return;
    const [across, down] = [event.clientX - from.x, event.clientY - from.y];
    moved ||= Math.abs(across) > Math.max(3, Math.abs(down));
    if (moved) edit(k, nudged(from.number, Math.round(across / 4)));
  };
  const end = () => {
    from = null;
    typed = -1;
  };
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", (event) => {
    move(event); // a finger's last moves may come with it alone
    end();
  });
  grip.addEventListener("pointercancel", end);
  // Or a finger would scroll the graph; browsers do not look at touch-action within a picture.
  grip.addEventListener("touchmove", (event) => moved && event.preventDefault(), { passive: false });
  grip.addEventListener("click", (event) => moved && event.stopPropagation());
}

function listen(input, which, done) {
  const rest = () => {
    typed = -1;
    input.setAttribute("aria-invalid", "false");
    input.value = String(values[which()]);
  };
  input.addEventListener("input", () => {
    const x = evaluate(input.value);
    input.setAttribute("aria-invalid", String(x === null));
    if (x !== null) edit(which(), x);
  });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by) {
      edit(which(), nudged(values[which()], event.shiftKey ? 10 * by : by));
      input.value = String(values[which()]);
      event.preventDefault();
    }
    if (event.key === "Escape" && typed === which()) undo();
    if (!["Enter", "Escape"].includes(event.key)) return;
    rest();
    done();
  });
  input.addEventListener("blur", rest);
}

const fields = leaves.map((k) => {
  const input = make("input", { type: "text", inputmode: "decimal", maxlength: 80 });
  const box = make("input", { type: "checkbox" });
  const cells = [make("th", { scope: "row", class: "words grip" }, cards[k].name), make("td"), make("td"), make("td"), make("td")];
  cells[1].append(input);
  cells[4].append(box);
  const row = make("tr");
  row.append(...cells);
  $("leaves").append(row);
  listen(input, () => k, () => input.select());
  draggable(cells[0], k);
  box.addEventListener("change", () => {
    trained[box.checked ? "add" : "delete"](k);
    if (at > most()) at = n;
    draw();
    remember();
  });
  return { k, input, box, old: cells[2], grad: cells[3] };
});

// On a card: a field over its value, where the card is.
let card = -1;
function editCard(k) {
  const group = painted.cards.find((one) => one.k === k).group;
  const [place, stage] = [group.getBoundingClientRect(), $("stage").getBoundingClientRect()];
  const field = $("edit");
  card = k;
  field.hidden = false;
  field.style.left = `${Math.max(0, place.left - stage.left + $("stage").scrollLeft)}px`;
  field.style.width = `${Math.max(120, place.width)}px`;
  field.style.top = `${place.top - stage.top + $("stage").scrollTop - 4}px`;
  field.setAttribute("aria-label", words.valueOf(cards[k].name));
  field.value = String(values[k]);
  field.focus({ preventScroll: true });
  field.select();
}

listen($("edit"), () => card, () => painted.cards.find((one) => one.k === card)?.group.focus({ preventScroll: true }));
$("edit").addEventListener("blur", () => { $("edit").hidden = true; });

// ------------------------------------------------------------------------------------------------ what is shown

function drawChanges() {
  const hidden = at < 0 && forward.length; // the forward pass is still to be seen
  for (const { k, input, box, old, grad } of fields) {
    if (input !== document.activeElement) input.value = String(values[k]);
    old.textContent = differs(k) ? decimals(before[k]) : "";
    grad.textContent = gradOf(k)?.text ?? "?";
    box.checked = trained.has(k);
  }
  const said = `${cards[root].name} = ${hidden ? "?" : exactly(root)}`;
  $("loss").textContent = made ? words.afterSteps(said, made) : said;
  $("descend").disabled = $("run").disabled = quiz.on || !trained.size;
  $("run").textContent = running ? words.stop : words.run;
  $("run").setAttribute("aria-pressed", String(!!running));
  $("undo").disabled = !past.length;
  $("keep").disabled = before === null;
  $("reset").disabled = !made && leaves.every((k) => Object.is(values[k], cards[k].given));
  if ($("eta") !== document.activeElement) $("eta").value = String(eta);
  drawCurve(hidden);
}

function drawCurve(hidden) {
  const svg = $("curve");
  svg.toggleAttribute("hidden", losses.length < 2 || !!hidden);
  const every = Math.ceil(losses.length / 300);
  const points = losses.map((loss, k) => [k, loss])
    .filter(([k, loss]) => Number.isFinite(loss) && (k % every === 0 || k === made));
  const most = points.reduce((top, [, loss]) => Math.max(top, loss), -Infinity);
  const least = points.reduce((low, [, loss]) => Math.min(low, loss), Infinity);
  const place = ([k, loss]) => [60 + (k / made) * 230, 10 + (most > least ? (most - loss) / (most - least) : 0) * 60];
  const texts = [[56, 14, most], [56, 74, least]].map(([x, y, loss]) => make("text", { x, y }, numberText(loss)));
  svg.replaceChildren(...(points.length ? texts : []), make("text", { x: 290, y: 88 }, String(made)),
    make("polyline", { points: points.map(place).join(" ") }));
  svg.setAttribute("aria-label", words.curve(cards[root].name, made, exactly(root)));
}

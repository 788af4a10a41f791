// The picture: boxes, cards and arrows where Graphviz put them, and what they show at a step.

const SHAPES = { g: 1, rect: 1, text: 1, tspan: 1, path: 1, polygon: 1, polyline: 1, circle: 1 };
let frame = -1; // which picture is painted
let followed = NaN; // where in the sequence the graph was last scrolled to
let painted = { cards: [], arrows: [], rings: [] };

let sample = 0; // which of several samples is painted, where a step belongs to all of them

function frameNow() {
  const own = at < 0 ? data.byNode[forward[Math.max(forward.length + at - 1, 0)]]
    : data.byStep[Math.min(quiz.asking ? at : Math.max(at - 1, 0), n - 1)];
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
  [frame, followed] = [which, NaN];
  painted = { cards: [], arrows: [], rings: [] };
  $("graph").replaceChildren();
  if (showsFigure()) paintFigure(which);
  else paintFrame(data.frames[which]);
  if (painted.cards.length) painted.cards[0].group.setAttribute("tabindex", "0");
}

function size(width, height) {
  const svg = $("graph");
  svg.setAttribute("viewBox", `-8 -8 ${width + 16} ${height + 16}`);
  svg.style.minWidth = `${width * 0.65}px`; // smaller, nobody can read it: then it scrolls
  svg.style.maxWidth = `${width * Math.min(1.25, Math.max(0.9, 600 / height))}px`;
}

function paintFrame([index, nodes, arrowSteps, titles]) {
  const layout = data.layouts[index];
  const svg = $("graph");
  size(layout.w, layout.h);
  layout.c.forEach(([x, y, width, height], k) => {
    const inner = layout.c.some(([a, b, w, h]) => a < x && b < y && a + w > x + width && b + h > y + height);
    const box = make("g", { class: inner ? "box inner" : "box" });
    box.append(make("rect", { x, y, width, height, rx: 10 }), make("text", { x: x + 10, y: y + 16 }, told(titles[k])));
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

// What stands for a card, wherever it is drawn.
function makeCard(k, style = "") {
  const { kind, made, equation } = cards[k];
  const role = made ? "img" : "button";
  const group = make("g", { class: `card ${kind} ${style}`, role, "aria-label": equation, tabindex: "-1" });
  if (!made) {
    group.classList.add("leaf");
    group.addEventListener("click", () => editCard(k));
  }
  group.addEventListener("pointerenter", () => see(k));
  group.addEventListener("pointerleave", () => see(focused()));
  group.addEventListener("focus", () => see(k));
  group.addEventListener("blur", () => see(-1));
  return group;
}

function addCard(group, card) {
  const { k, x, y, width, height } = card;
  painted.cards.push({ group, ...card });
  if (cards[k].made) return;
  const grip = make("rect", { x: x + width * 0.4, y, width: width * 0.6, height, class: "grip" });
  group.append(grip);
  draggable(grip, k);
}

function paintCard([x, y, width, height], k) {
  const card = cards[k];
  const group = makeCard(k);
  const round = card.kind === "input" || card.kind === "activation" ? 9 : 2;
  const last = y + height - 7;
  const grad = make("text", { x: x + width - 6, y: last, class: "grad" });
  const value = make("text", { x: x + width - 6, y: y + 15, class: "value" });
  group.append(
    make("rect", { x, y, width, height, rx: round }),
    make("text", { x: x + 6, y: y + 15, class: "name" }, card.name), value,
    make("text", { x: x + 6, y: y + 31, class: "made" }, height > 40 ? cut(card.formula, 28) : ""),
    make("text", { x: x + 6, y: last, class: "word" }, words.grad), grad);
  const old = make("text", { x: x + width - 2, y: y - 4, class: "old" });
  group.append(old);
  addCard(group, { k, grad, value, old, room: width - 40, x, y, width, height });
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
  return { text: numberText(steps[arrived[arrived.length - 1] - 1].after), complete: arrived.length === cards[k].steps.length };
}

function drawGraph() {
  const now = showsFigure() && data.samples < 2 ? 0 : frameNow();
  if (now !== frame) paint(now);
  if (seen >= 0) see(seen);
  const done = new Set(forward.slice(0, forward.length + Math.min(at, 0)));
  const later = new Set(forward.filter((k) => !done.has(k)));
  const step = at >= 0 ? shown() : undefined;
  const fresh = at < 0 ? forward[forward.length + at - 1] : -1;
  for (const { k, group, grad, value, old, room } of painted.cards) {
    const list = group.classList;
    list.toggle("from", step ? k === step.node : at === 0 && k === root);
    list.toggle("to", step ? k === step.input : at > n && trained.has(k));
    list.toggle("asked", quiz.asking && !!step && (k === step.input || k === step.node));
    list.toggle("fresh", k === fresh);
    value.textContent = later.has(k) ? "?" : numberText(values[k]);
    old.textContent = later.has(k) ? "" : was(k);
    list.toggle("changed", old.textContent !== "");
    const now = gradOf(k);
    const text = now ? now.text + (now.complete ? "" : " + ?") : "?";
    grad.classList.toggle("none", !now);
    if (grad.textContent !== text) {
      grad.textContent = text;
      fit(grad, room);
    }
  }
  for (const { group, members } of painted.rings) {
    group.classList.toggle("from", step ? members.has(step.node) : at === 0 && members.has(root));
    group.classList.toggle("to", !!step && members.has(step.input));
  }
  for (const { group, text, which } of painted.arrows) {
    const list = group.classList;
    list.toggle("now", !!step && !quiz.asking && which.includes(step.k));
    list.toggle("asked", !!step && quiz.asking && which.includes(step.k));
    list.toggle("done", which.some((s) => s <= at));
    list.toggle("later", which.some((s) => later.has(steps[s - 1].node)));
    if (text) text.classList.toggle("now", list.contains("now") || list.contains("asked"));
    // A hidden label would still be in the page: what must not be known yet is not there at all.
    if (text) text.textContent = list.contains("later") ? "" : list.contains("asked") ? "?" : labelOf(steps[which[0] - 1]);
  }
  const alone = at > n ? leafAt(0) : at < 0 ? Math.max(fresh, 0) : root;
  const here = quiz.asking ? at + 0.5 : at;
  if (here !== followed) follow(step ? [step.node, step.input] : [alone]);
  followed = here; // what is typed or dragged is where the reader looks
}

// Scrolls the graph in its box, never the page, until the cards of this step are in it.
function follow(which) {
  const stage = $("stage");
  const place = (k) => painted.cards.find((card) => card.k === k) ?? painted.rings.find((ring) => ring.members.has(k));
  const places = which.map(place).filter(Boolean);
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

// The local derivative on an arrow: its formula if that is short, and its number.
const labelOf = (step) => step.label + numberText(step.local);

let idle = "";
let seen = -1; // the card that is pointed at

// Shows how a card is made, and which arrows belong to it. A value that is not yet computed stays unsaid.
function see(k) {
  seen = k;
  const known = k >= 0 && !(at < 0 && forward.indexOf(k) >= forward.length + at);
  $("info").textContent = k < 0 ? idle : known ? `${cards[k].equation} = ${exactly(k)}` : cards[k].equation;
  for (const card of painted.cards) card.group.classList.toggle("seen", card.k === k);
  for (const { group, which } of painted.arrows) {
    group.classList.toggle("seen", which.some((s) => steps[s - 1].node === k || steps[s - 1].input === k));
  }
}

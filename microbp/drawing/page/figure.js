// The network as a text draws it: what of a card stands in a circle or on an edge does there what the card does.

let asFigure = !!data.figure; // else as cards
const showsFigure = () => asFigure && !!data.figure;
const LINE = 15; // pixels

function paintFigure(which) {
  const { w, h, circles, labels, edges } = data.figure;
  size(w, h);
  $("graph").append(...edges.map((edge) => paintEdge(...edge)));
  for (const [x, y, radius, kind, parts, members] of circles) {
    const group = make("g", { class: `ring ${kind}` });
    group.append(make("circle", { cx: x, cy: y, r: radius }));
    $("graph").append(group);
    painted.rings.push({ group, members: new Set(members), x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius });
    let top = y - (parts.flatMap(([, lines]) => lines).length * LINE) / 2;
    for (const [own, lines] of parts) {
      const height = lines.length * LINE;
      const far = Math.abs(top + height / 2 - y) + height / 2; // from the middle: there the circle is narrower
      const width = 2 * Math.sqrt(Math.max(radius ** 2 - far ** 2, radius ** 2 / 3));
      $("graph").append(paintPart([x - width / 2, top, width, height], own[which] ?? own[0] ?? -1, lines));
      top += height;
    }
  }
  for (const [x, y, width, height, [own, lines]] of labels) {
    $("graph").append(paintPart([x - width / 2, y - height / 2, width, height], own[which] ?? own[0], lines));
  }
}

// Some lines, one below the other, that belong to a card; or to none, −1.
function paintPart([x, y, width, height], k, lines) {
  const group = k < 0 ? make("g", { class: "part" }) : makeCard(k, "part");
  if (k >= 0) group.append(make("rect", { x, y, width, height, rx: 4 }));
  const filled = lines.map(([text, what], row) => {
    const line = make("text", { x: x + width / 2, y: y + (row + 0.78) * (height / lines.length), class: what === 2 ? "grad" : "" });
    const number = make("tspan", { class: ["name", "value", "grad"][what] }, what ? "" : told(text));
    line.append(...(what ? [told(text), number] : [number]));
    group.append(line);
    return [what, number];
  });
  const of = (kind) => filled.find(([what]) => what === kind)?.[1] ?? make("tspan");
  if (k >= 0) addCard(group, { k, value: of(1), grad: of(2), old: make("tspan"), room: width - 30, x, y, width, height });
  return group;
}

// From the tail to the head, over the room of a label, with a head at either end.
function paintEdge(points, labelled, which) {
  const group = make("g", { class: "arrow" });
  const pairs = [];
  for (let i = 0; i < points.length; i += 2) pairs.push([points[i], points[i + 1]]);
  const [start, end] = [pairs[0], pairs[pairs.length - 1]];
  const near = ([x, y], [toX, toY]) => {
    const far = Math.hypot(toX - x, toY - y);
    return [x + ((toX - x) * 9) / far, y + ((toY - y) * 9) / far];
  };
  group.append(
    make("path", { class: "line", d: labelled ? `M${start}L${pairs[1]}M${pairs[2]}L${end}` : `M${pairs.join("L")}` }),
    make("polygon", { class: "in", points: head(near(start, pairs[1]), start) }),
    make("polygon", { class: "out", points: head(near(end, pairs[pairs.length - 2]), end) }));
  painted.arrows.push({ group, text: null, which });
  return group;
}

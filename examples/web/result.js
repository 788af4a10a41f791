// What a command said and made: text in its colours, files to take away, pictures and pages to see.
import { lang, told } from "./words.js";

const $ = (name) => document.getElementById(name);
const TYPES = { svg: "image/svg+xml", html: "text/html; charset=utf-8", json: "application/json", csv: "text/csv" };
let links = [];

export function clear() {
  for (const name of ["said", "taken", "pictures"]) $(name).replaceChildren();
  links.forEach(URL.revokeObjectURL);
  links = [];
}

/** A file that a command wrote: to see, if it can be seen, and to take away. */
export async function offer(name, bytes, words) {
  const ending = name.split(".").at(-1);
  const url = URL.createObjectURL(new Blob([bytes], { type: TYPES[ending] ?? "text/plain" }));
  links.push(url);
  const take = document.createElement("a");
  Object.assign(take, { href: url, download: name, className: "button", textContent: told("Save {name}", { name }) });
  $("taken").append(take);
  if (ending === "svg") {
    const picture = new Image();
    Object.assign(picture, { src: url, alt: words });
    $("pictures").append(picture);
  }
  if (ending === "html" && !navigator.serviceWorker?.controller) tell(told("This browser shows the page once it is saved and opened."));
  else if (ending === "html") {
    // A page has a policy of its own, which a blob could not have: it gets an address, which the service worker knows.
    const place = new URL(`made/${name}`, document.baseURI);
    const cache = await caches.open("microbp-made");
    await cache.put(place, new Response(bytes, { headers: { "content-type": TYPES.html } }));
    const frame = document.createElement("iframe");
    Object.assign(frame, { src: `${place}?${Date.now()}`, title: told("The backward pass, to step through") });
    fit(frame);
    $("pictures").append(frame);
  }
}

/** A frame as high as what is in it, without a switch of its own for the language. */
export function fit(frame) {
  const measure = () => {
    const root = frame.contentDocument?.documentElement;
    if (!root) return;
    root.dataset.framed = "";
    new ResizeObserver(() => { frame.style.height = `${root.scrollHeight + 2}px`; }).observe(frame.contentDocument.body);
  };
  frame.addEventListener("load", measure);
  if (frame.contentDocument?.readyState === "complete") measure();
}

/** Says how it stands. */
export function tell(text) {
  if ($("status").textContent !== text) $("status").textContent = text;
}

/** Text of a stream, with the two colours that microbp has; a command in it is a link to itself. */
export function print(stream, text) {
  const colours = { "1;38;5;208": "wrong", "38;5;39": "right" };
  text.split(/\x1b\[([\d;]*)m/).forEach((part, k, parts) => {
    if (k % 2) return;
    for (const some of part.split(/(?<=[\s：])(microbp (?:step|explain|forward|compare|gradcheck|conventions|train) [^\n;,]*)/)) {
      const command = stream !== "command" && some.startsWith("microbp ");
      const span = document.createElement(command ? "a" : "span");
      Object.assign(span, { className: colours[parts[k - 1]] ?? stream, textContent: some });
      if (command) span.href = `#${new URLSearchParams({ job: "command", line: some.slice(8), lang })}`;
      if (some) $("said").append(span);
    }
  });
}

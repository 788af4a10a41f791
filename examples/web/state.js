// What somebody has chosen and written, and the link to it: all of it stands behind the # and reaches no server.
export const FRESH = {
  job: "look", of: "w1-w8", expression: "E = 0.5*(t - sigmoid(w*x + b))**2", numbers: "w=2 x=-1 b=-3 t=0.25",
  level: "", step: "", mode: "", line: "explain w1-w8 --weight w5", typed: "", lang: "",
};
export const FILES = { network: "mine.toml", graph: "graph.py", answer: "mine.txt", pass: "mine.py" };
/** What a file is for, and what it is called until it has a name. */
export const LONG = 8000, LONGEST = 500000;
/** Characters of a link that some programs cut, and that a browser has no room for. */

async function through(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

async function packed(bytes) {
  const small = await through(bytes, new CompressionStream("deflate-raw"));
  let text = "";
  for (const byte of small) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function unpacked(text) {
  const small = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return through(small, new DecompressionStream("deflate-raw"));
}

/** The part of a link behind its #. `files` are {role: [name, bytes]}. */
export async function link(state, files) {
  const said = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (key === "job" || value !== FRESH[key]) said.set(key, value);
  for (const [role, [name, bytes]] of Object.entries(files)) said.set(role, `${name}~${await packed(bytes)}`);
  return said.toString();
}

/** What a link says: the state, and the files. What cannot be read in it is left out. */
export async function read(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { ...FRESH };
  for (const key of Object.keys(FRESH)) if (said.has(key)) state[key] = said.get(key);
  const files = {};
  for (const role of Object.keys(FILES)) {
    const [name, text] = (said.get(role) ?? "").split("~");
    if (!text) continue;
    try {
      files[role] = [name.replace(/[^\w.-]/g, "_").slice(-60), await unpacked(text)];
    } catch { /* a link that lost its end */ }
  }
  return { state, files };
}

export const asText = (bytes) => new TextDecoder().decode(bytes);
export const asBytes = (text) => new TextEncoder().encode(text);

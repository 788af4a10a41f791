// Python in a thread of its own: loads Pyodide, NumPy and microbp, then runs one command after another.
const base = new URL(".", import.meta.url);
let python, pump;

const report = (message) => self.postMessage(message);

/** Lets each fetched file say how much of it has come. */
function counted(fetched) {
  let bytes = 0;
  const plain = self.fetch.bind(self);
  const count = async (reader) => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) fetched(bytes += part.value.byteLength);
  };
  self.fetch = async (...request) => {
    const response = await plain(...request);
    if (response.ok) count(response.clone().body.getReader()).catch(() => {});  // the loader says what is wrong
    return response;
  };
  return () => { self.fetch = plain; };
}

async function load() {
  const done = counted((bytes) => report({ bytes }));
  const [{ loadPyodide }, { instance }, source] = await Promise.all([
    import(new URL("python/pyodide.mjs", base)),
    import(new URL("viz.js", base)),
    fetch(new URL("run.py", base)).then((response) => response.text()),
  ]);
  const folder = new URL("python/", base).href;
  // What somebody's code can import as `js` is empty: no fetch, no caches.
  const [runtime, viz] = await Promise.all([loadPyodide({ indexURL: folder, packages: ["microbp"], jsglobals: {} }), instance()]);
  done();
  report({ starting: true });
  python = runtime;
  python.runPython(source);
  python.globals.get("draw_with")((text, format, engine) => {
    const made = viz.render(text, { format, engine, yInvert: false });
    const said = made.errors.filter((error) => error.level === "error").map((error) => error.message);
    return { output: made.output ?? "", error: made.status === "success" ? "" : said.join("; ") || "it failed" };
  });
  pump = python.globals.get("run");
  report({ ready: true });
}

function run({ words, files, typed, columns, lang }) {
  const given = python.toPy(files), list = python.toPy(words);
  const say = (stream) => (text) => report({ stream, text });
  try {
    const result = pump(list, given, typed, columns, lang, say("out"), say("err"));
    const [code, made] = result.toJs({ dict_converter: Object.fromEntries });
    result.destroy();
    report({ code: code ?? null, made });
  } catch (error) {
    report({ stream: "err", text: String(error.message ?? error) });
    report({ code: 70, made: {} });
  }
}

const loaded = load().catch((error) => report({ failed: String(error.message ?? error) }));
self.onmessage = async ({ data }) => { await loaded; if (python) run(data); };

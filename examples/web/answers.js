// What somebody pasted, or dropped: which kind of file it is, and how a command is given it.
const NUMBER = /^[-+−]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;
const LINE = /^(?:∂\w+\/∂|d\w+\/d)?((?:[^\s=:,[]|\[[^\]]*\])+)\s*[=:,\s]\s*(\S+)$/;
const PRINTED = /([\w∂[\],]+)\s*[=:]\s*(\[[-+.\deE\s[\]]+\])\s*/g;
const IMPORTS = "import numpy as np; from numpy import array, float32, float64, inf, nan; tensor = array; ";
const MODULE = `

def answer(*_):
    import re
    own = {k: v for k, v in globals().items() if k[0] != "_" and isinstance(v, (dict, list, tuple, float, np.ndarray))}
    named = {k: v for k, v in own.items() if re.match("∂|grad|[dD](?![a-z]{3})|delta", k)} or own
    whole = [v for k, v in named.items() if isinstance(v, dict) or (k[:4] == "grad" and isinstance(v, (list, tuple)))]
    return whole[0] if whole else named
`;

/** Numbers by name, a line each, w5 = 0.08 or w5: 0.08, as a .csv; null if it is something else. */
function named(text) {
  const rows = [];
  for (const line of text.split("\n").map((part) => part.trim()).filter(Boolean)) {
    const found = LINE.exec(line);
    if (!found || !NUMBER.test(found[2])) return null;
    rows.push(`"${found[1]}",${found[2].replace("−", "-")}`);
  }
  return rows.length ? rows.join("\n") + "\n" : null;
}

/** Arrays as NumPy prints them, each with its name, as JSON; null if it is something else. */
function printed(text) {
  const found = [...text.matchAll(PRINTED)];
  if (!found.length || found.map(([all]) => all).join("").trim() !== text.trim()) return null;
  const rows = found.map(([, name, numbers]) => {
    const separate = numbers.replace(/(?<=[\d.\]])\s+(?=[-+.\d[])/g, ", ").replace(/\s+(?=\])|(?<=\[)\s+/g, "");
    return `${JSON.stringify(name)}: ${separate.replace(/\.(?!\d)/g, ".0").replace(/\+(?=\d)(?<!e\+)/g, "")}`;
  });
  return `{${rows.join(",\n ")}}\n`;
}

/** The code of a notebook, without what is no Python. */
function notebook(text) {
  const cells = JSON.parse(text).cells.filter((cell) => cell.cell_type === "code");
  return cells.map((cell) => [cell.source].flat().join("").replace(/^\s*[%!].*$/gm, "")).join("\n\n");
}

/** A pasted text as a file. */
function pasted(fenced) {
  const text = fenced.replace(/^\s*```\w*\n([^]*?)\n?```\s*$/, "$1");
  const begin = text.trimStart()[0];
  if (begin === "{" || begin === "[" || begin === "(") {
    try {
      const found = JSON.parse(text);
      return Array.isArray(found?.cells) ? ["backward.py", notebook(text)] : ["mine.json", text];
    } catch { /* then it is as Python prints it, or broken */ }
    return /array\(|'|\(/.test(text) ? ["backward.py", `gradients = ${text.trim()}\n`] : ["mine.json", text];
  }
  const lines = named(text), arrays = printed(text);
  if (lines) return ["mine.csv", lines];
  if (arrays) return ["mine.json", arrays];
  return /^\s*(def|import|from)\s|^\s*\w+\s*=/m.test(text) ? ["backward.py", text] : ["mine.csv", text];
}

/** What was pasted or dropped, as the file that it is: its name, and its bytes or, for code, its text. */
export function answerFile([name, bytes]) {
  if (/\.(npz|npy|mat|csv)$/i.test(name)) return [name, bytes];
  const text = new TextDecoder().decode(bytes);
  return /\.py$/i.test(name) ? ["backward.py", text] : pasted(text);
}

/** The same as a command takes it, and the words for it. Code without a function gets one that returns its arrays. */
export function given(answer) {
  const [name, content] = answerFile(answer);
  if (!name.endsWith(".py")) return [[name, content], [name]];
  const functions = [...content.matchAll(/^def (\w+)/gm)].map((found) => found[1]);
  if (functions.length) return [[name, content], ["--function", `backward:${functions.at(-1)}`]];
  return [[name, /^\w+\s*=/.test(content) ? IMPORTS + content + MODULE : `${content}\nimport numpy as np\n${MODULE}`], ["--function", "backward:answer"]];
}

// What somebody pasted, or dropped: gradients, which microbp reads in any form, or code, which is run.
const MODULE = `

def answer(*_):
    import re
    import numpy as np
    own = {k: v for k, v in globals().items() if k[0] != "_" and isinstance(v, (dict, list, tuple, float, np.ndarray))}
    named = {k: v for k, v in own.items() if re.match("∂|grad|[dD](?![a-z]{3})|delta", k)} or own
    whole = [v for k, v in named.items() if isinstance(v, dict) or (k[:4] == "grad" and isinstance(v, (list, tuple)))]
    return whole[0] if whole else named
`;

function isJson(text) {
  try {
    return Boolean(JSON.parse(text));
  } catch {
    return false;
  }
}

/** The code of a notebook, without what is no Python; any other text as it is. */
function withoutCells(text) {
  try {
    const code = JSON.parse(text).cells.filter((cell) => cell.cell_type === "code");
    return code.map((cell) => [cell.source].flat().join("").replace(/^\s*[%!].*$/gm, "")).join("\n\n");
  } catch {
    return text;
  }
}

/** What was pasted or dropped, as the file that it is: its name, and its bytes or, for text, its text. */
export function answerFile([name, bytes]) {
  if (/\.(npz|npy|mat|csv)$/i.test(name)) return [name, bytes];
  const text = withoutCells(new TextDecoder().decode(bytes));
  if (/\.json$/i.test(name) && isJson(text)) return [name, text];
  return [/\.py$/i.test(name) || /^(def|import|from) /m.test(text) ? "backward.py" : "mine.txt", text];
}

/** The same as a command takes it, and the words for it. Code without a function gets one that returns its arrays. */
export function given(answer) {
  const [name, content] = answerFile(answer);
  if (!name.endsWith(".py")) return [[name, content], [name]];
  const functions = [...content.matchAll(/^def (\w+)/gm)].map((found) => found[1]);
  return [[name, functions.length ? content : content + MODULE], ["--function", `backward:${functions.at(-1) ?? "answer"}`]];
}

// Numbers as text, to the letter as Python's `printing` has them, and numbers that are typed.

// Python rounds a tie to the even digit, JavaScript up: `written` says what a number is with so many digits.
function rounded(written, digits) {
  const [short, [long, power]] = [written(digits), written(digits + 40).split("e")];
  const cut = long.slice(0, -40).replace(/\.$/, "");
  if (long.slice(-40) !== "5" + "0".repeat(39) || Number(cut.at(-1)) % 2) return short;
  return power === undefined ? cut : `${cut}e${power}`;
}

const plain = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

// What Python's format "g" gives, with a true minus sign.
function significant(x, digits) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "−inf";
  const [mantissa, power] = rounded((d) => x.toExponential(d), digits - 1).split("e");
  const place = Number(power);
  const far = place < -4 || place >= digits;
  const zero = Object.is(x, -0) ? "−" : "";
  const text = far ? `${plain(mantissa)}e${power[0]}${power.slice(1).padStart(2, "0")}`
    : plain(rounded((d) => x.toFixed(d), digits - 1 - place));
  return zero + text.replaceAll("-", "−");
}

const numberText = (x) => significant(x, 4);

function decimals(x) {
  x += 0;
  const size = Math.abs(x);
  if (!(size >= 1e-6 && size < 1e6)) return significant(x, 9);
  const text = rounded((d) => x.toFixed(d), 9);
  return Number(text) === x ? significant(x, 9) : text.replace("-", "−");
}

const factor = (x) => (x < 0 ? `(${decimals(x)})` : decimals(x));

// A little arithmetic, by recursive descent: numbers, + - * / ** and brackets. null for anything else.
function evaluate(text) {
  const tidy = text.replace(/[−–]/g, "-").replace(/[×·]/g, "*").replace(/\^/g, "**").replace(/,/g, ".");
  const tokens = tidy.match(/\*\*|[-+*/()]|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|\S/gi) ?? [];
  let i = 0;
  const take = (...signs) => (signs.includes(tokens[i]) ? tokens[i++] : null);
  function sum() {
    let total = product();
    for (let sign; (sign = take("+", "-"));) total = sign === "+" ? total + product() : total - product();
    return total;
  }
  function product() {
    let total = signed();
    for (let sign; (sign = take("*", "/"));) total = sign === "*" ? total * signed() : total / signed();
    return total;
  }
  function signed() {
    if (take("-")) return -signed();
    return take("+") ? signed() : power();
  }
  function power() {
    const base = atom();
    return take("**") ? base ** signed() : base;
  }
  function atom() {
    if (take("(")) {
      const inside = sum();
      return take(")") ? inside : NaN;
    }
    return /^[\d.]/.test(tokens[i] ?? "") ? Number(tokens[i++]) : NaN;
  }
  const result = sum();
  return i === tokens.length && Number.isFinite(result) ? result : null;
}

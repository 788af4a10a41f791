// What the formulas of the table need and JavaScript's Math lacks, as IEEE arithmetic has it.
const real = (() => {
  // Math has the last digit wrong, of exp in one of ten numbers. These are rounded once: numbers of 192 binary places, as
  // long integers. e^(x − k·log 2) is the 256th power of what a short series gives.
  const ONE = 2n ** 192n;
  function powerOfE(x) {
    const k = Math.round(x / Math.LN2);
    const rest = (BigInt(Math.trunc(x * 2 ** 192)) - BigInt(k) * 4350955369971217654477563090224794165364344896676135745070n) >> 8n;
    let more = 0n; // than 1
    for (let n = 14n; n; n--) more = (((more + ONE) * rest) >> 192n) / n;
    for (let n = 0; n < 8; n++) more = (more * (more + 2n * ONE)) >> 192n;
    return [ONE + more, k];
  }

  const shifted = (x, k) => x * 2 ** (k >> 1) * 2 ** (k - (k >> 1));

  function exp(x) {
    if (!(Math.abs(x) < 746)) return Math.exp(x);
    const [power, k] = powerOfE(x);
    return shifted(Number(power) * 2 ** -192, k);
  }

  // One step of Newton's: log x = y + log(x·e^(−y)).
  function log(x) {
    const near = Math.log(x);
    if (!near || !Number.isFinite(near)) return near;
    const [power, k] = powerOfE(-near);
    return near + Number(BigInt(shifted(x, k + 53)) * power - 2n ** 245n) * 2 ** -245;
  }

  // e^(−x²) to the last digits: a number of 24 bits has an exact square.
  const bell = (x) => {
    const rounded = Math.fround(x);
    return Math.exp(-rounded * rounded) * Math.exp((rounded - x) * (rounded + x));
  };

  // Near 0 a series whose terms all have one sign.
  function erf(x) {
    if (Math.abs(x) >= 0.75) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
    let [term, total] = [x, x];
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      total += term;
    }
    return (2 / Math.sqrt(Math.PI)) * bell(x) * total;
  }

  // Further out a continued fraction, which loses no digits where little is left.
  function erfc(x) {
    if (x < 0) return 2 - erfc(-x);
    if (x < 0.75) return 1 - erf(x);
    if (x > 30) return 0;
    let below = x;
    for (let n = 300; n > 0; n--) below = x + n / 2 / below;
    return bell(x) / Math.sqrt(Math.PI) / below;
  }

  // The sum rounded once, however many terms: partial sums that do not overlap, added up from the largest. Where that
  // leaves the real line, the plain sum.
  function fsum(terms) {
    const parts = [];
    for (let x of terms) {
      let kept = 0;
      for (let y of parts) {
        if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
        const high = x + y;
        const low = y - (high - x);
        if (low) parts[kept++] = low;
        x = high;
      }
      parts.length = kept;
      if (x !== 0) parts.push(x);
    }
    let k = parts.length;
    if (!k) return 0;
    if (!parts.every(Number.isFinite)) return terms.reduce((a, b) => a + b);
    let high = parts[--k];
    let low = 0;
    while (k > 0 && !low) {
      const [x, y] = [high, parts[--k]];
      high = x + y;
      low = y - (high - x);
    }
    // Half way between two numbers what is left decides.
    if (k > 0 && low < 0 === parts[k - 1] < 0) {
      const twice = low * 2;
      const other = high + twice;
      if (twice === other - high) high = other;
    }
    return high;
  }

  function pow(x, y) {
    if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
    return y === 2 ? x * x : x ** y;
  }

  const max = (x, y) => (x > y || x !== x ? x : y);
  const min = (x, y) => (x < y || x !== x ? x : y);
  const sign = (x) => (x > 0 ? 1 : x < 0 ? -1 : Math.abs(x));
  const sigmoid = (x) => (x > -37 ? 1 / (1 + exp(-x)) : exp(x));
  return { erf, erfc, exp, fsum, log, max, min, pow, sigmoid, sign };
})();

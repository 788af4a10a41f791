// What the page says, in the language that its address asks for. English sentences are their own names.
export const lang = new URLSearchParams(location.hash.slice(1)).get("lang") === "zh" ? "zh" : "";
const others = lang ? (await import("./zh.js")).default : {};

/** A sentence, with its fields filled in. */
export const told = (text, fields = {}) => (others[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => fields[name]);

/** Says in the language what stands in the HTML: in elements as a whole, with what is marked up in them, and in attributes. */
export function tellAll() {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("body *")) {
    const text = element.innerHTML.replace(/\s+/g, " ").trim();
    if (text in others) element.innerHTML = others[text];
    for (const name of ["aria-label", "placeholder", "title"]) {
      if (element.hasAttribute(name)) element.setAttribute(name, told(element.getAttribute(name)));
    }
  }
}

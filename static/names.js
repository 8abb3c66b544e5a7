// Words of a filter over fields, for the tree and for the emitter's ticket.

// A word may be a field's name in any language that its menu offers; the server's filter
// (reading/paths.py) has the same rules.
const WORD = /\{\{.*?(?:\}\}|$)|(?:(?<=\S)[[(](?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^[\]"'()][^[\]()]*)[\])]|\S)+/gs;
const VARIABLE = /^(?:\$\w+|json\.loads\(request\.body\)|req\.body|request\.(?:form|json|POST)|r\.Form|params|_context|\.(?:form|json))(?=[.[])/;
const STEP = /\.?(?:\[|(?:getlist|Get)\()(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')[\])]|\[:(\w+)\]|\.?\[(?!["'])([^[\]]*)(?:\]+|$)|\.?([^.[\](){}]+)/sy;

export function splitNames(text) {
  return (text.match(WORD) ?? []).map((word) => ({ text: word.toLowerCase(), name: compileName(word) }));
}

export function fits(word, text) {
  return text.includes(word.text) || (word.name?.test(text.slice(0, text.indexOf("\n"))) ?? false);
}

function compileName(text) {
  let name = text;
  try {
    if (text.includes("%")) name = decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
  if (name.startsWith("{{")) name = name.slice(2).replace(/[}\s]+$/, "").trim();
  name = name.replace(VARIABLE, "");
  // jq's, from the root on.
  if (name === text && text.startsWith(".") && !text.includes("[")) return new RegExp(`^${escapeText(text.slice(1).toLowerCase())}`);
  if (name === text && !text.includes("[")) return null;
  const keys = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < name.length) {
    const step = STEP.exec(name);
    if (!step) return null;
    keys.push(keyPattern(step));
  }
  const end = /[\]})]$/.test(text) ? "(?![\\w-])" : "";
  return keys.length ? new RegExp(`(?<![\\w-])${keys.join("\\.")}${end}`) : null;
}

function keyPattern([, double, single, symbol, bare, plain]) {
  if (bare === "") return "\\d+";
  const key = double?.replace(/\\(.)/gs, "$1") ?? single?.replace(/\\(.)/gs, "$1") ?? symbol ?? bare ?? plain;
  const literal = escapeText(key.toLowerCase());
  // A form's name, which Flask and Django leave as it is.
  if (!/\[.*\]$/s.test(key)) return literal;
  return `(?:${literal}|${escapeText(key.toLowerCase().replace(/\[([^[\]]*)\][^[]*/g, ".$1").replace(/\.+$/, ""))})`;
}

function escapeText(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

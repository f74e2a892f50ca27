// What the server says in English, in the language of the page: failures, verdicts, what the operator is told.
//
// A sentence is compared with templates such as "no device is called {}" (words/de/sentences.json); what stands in the
// places may be a sentence itself. Pieces are looked for one after the other, so that no text takes long.

const DEEP = 4; // sentences within sentences
const LONGEST = 4000;
const spoken = document.documentElement.lang;
const templates = spoken === "en" ? [] : await load();

async function load() {
  const answer = await fetch(`words/${spoken}.json`).catch(() => null);
  const known = (await answer?.json().catch(() => null)) ?? {};
  const length = pieces => pieces.join("").length;
  return Object.entries(known)
    .map(([english, other]) => ({ pieces: english.split("{}"), other }))
    .sort((a, b) => length(b.pieces) - length(a.pieces) || a.pieces.length - b.pieces.length);
}

/** What stands in the places between `pieces` if `text` is made of them, and `null` otherwise. */
function places(text, pieces) {
  const last = pieces.length - 1;
  if (last === 0) return text === pieces[0] ? [] : null;
  const end = text.length - pieces[last].length;
  if (!text.startsWith(pieces[0]) || !text.endsWith(pieces[last]) || end < pieces[0].length) return null;
  const found = [];
  let at = pieces[0].length;
  for (const piece of pieces.slice(1, last)) {
    const next = text.indexOf(piece, at);
    if (next < 0 || next + piece.length > end) return null;
    found.push(text.slice(at, next));
    at = next + piece.length;
  }
  return [...found, text.slice(at, end)];
}

function other(text, depth) {
  if (!text || depth > DEEP) return null;
  for (const one of templates) {
    const found = places(text, one.pieces);
    if (found) return one.other.replace(/\{(\d+)\}/g, (_, number) => inner(found[number - 1], depth + 1));
  }
  return null;
}

/** What stands in a place: a sentence, sentences after commas, or a name, which stays as it is. */
function inner(text, depth) {
  return other(text, depth) ?? text.split(", ").map(part => other(part, depth) ?? part).join(", ");
}

/** `text` of the server in the language of the page, and the language that it is in then; `null` for that of the page. */
export function told(text) {
  if (!templates.length || !text || text.length > LONGEST) return { words: text, lang: text && spoken !== "en" ? "en" : null };
  const parts = text.split(" — ").map(part => other(part, 0)); // what happened, and what to do
  const known = parts.some(part => part !== null);
  return { words: text.split(" — ").map((part, at) => parts[at] ?? part).join(" — "), lang: known ? null : "en" };
}

/** `text` of the server in the language of the page, where that is known. */
export function said(text) {
  return told(text).words;
}

// The words of the pages, from one catalogue a language (flipcast/web/words, a file a page). English stands in for what is missing.
import { FluentBundle, FluentResource } from "fluent";

const bundles = [];

async function load(language) {
  const answer = await fetch(`words/${language}.ftl`);
  const bundle = new FluentBundle(language, { useIsolating: false });
  bundle.addResource(new FluentResource(await answer.text()));
  bundles.push(bundle);
}

const spoken = document.documentElement.lang;
await load(spoken);
if (spoken !== "en") await load("en");

/** What `id` says, with `args` filled in. */
export function say(id, args = {}) {
  for (const bundle of bundles) {
    const message = bundle.getMessage(id);
    if (message?.value) return bundle.formatPattern(message.value, args, []);
  }
  return id;
}

/** Seconds as 1:02:03 or 2:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = n => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The moment `at` (as `Date` takes it), as people write it there; nothing where it is none. */
export function moment(at) {
  const then = new Date(at);
  return Number.isNaN(then.getTime()) ? "" : then.toLocaleString(spoken, { dateStyle: "medium", timeStyle: "short" });
}

// The teleprompter: a text that runs past a line at the speed of speech. It is kept in this browser alone.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Head, html, send, show, Trouble, useNews, useTries } from "./desk.js";
import { clock, say } from "./words.js";

const KEPT = "flipcast-prompter";
const USUAL = { text: "", rate: 130, size: 48, mirrored: false };
const SLOWEST = 60;
const FASTEST = 240;

function kept() {
  try {
    return { ...USUAL, ...JSON.parse(localStorage.getItem(KEPT)) };
  } catch {
    return USUAL;
  }
}

const count = text => text.split(/\s+/).filter(Boolean).length;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The text, running while `runs`; it ends by itself at its end. */
function Running({ wish, runs, onEnd }) {
  const own = useRef(null);
  useEffect(() => {
    if (!runs) return undefined;
    const box = own.current;
    let at = box.scrollTop;
    let before = performance.now();
    let next = 0;
    const words = count(wish.text);
    const step = now => {
      if (Math.abs(box.scrollTop - at) > 2) at = box.scrollTop; // somebody scrolled by hand
      at += ((box.scrollHeight - box.clientHeight) * (now - before) * wish.rate) / 60000 / Math.max(1, words);
      before = now;
      // Whoever does not want motion gets a line at a time.
      const line = wish.size * 1.5;
      box.scrollTop = still() ? Math.floor(at / line) * line : at;
      if (at >= box.scrollHeight - box.clientHeight) return onEnd();
      next = requestAnimationFrame(step);
    };
    next = requestAnimationFrame(step);
    return () => cancelAnimationFrame(next);
  }, [runs, wish.rate, wish.size, wish.text]);
  const dress = element => element && element.style.setProperty("--size", `${wish.size}px`);
  if (!wish.text.trim()) return html`<div class="screen empty"><p>${say("prompter-empty")}</p></div>`;
  return html`<div class="screen" ref=${dress}>
    <div class=${wish.mirrored ? "text mirrored" : "text"} ref=${own} tabindex="0" role="region" aria-label=${say("prompter-text")}>
      <div class="pad"></div>
      ${wish.text.split(/\n+/).map(part => html`<p>${part}</p>`)}
      <div class="pad"></div>
    </div>
  </div>`;
}

/** The paragraphs of a text, each a list of words; what is no word goes with the one before. */
function wordsOf(text) {
  let number = 0;
  return text
    .split(/\n+/)
    .map(part => {
      const words = [];
      for (const piece of part.split(/\s+/).filter(Boolean)) {
        if (/[\p{L}\p{N}]/u.test(piece) || !words.length) words.push({ said: piece, text: piece, number: number++ });
        else words.at(-1).text += ` ${piece}`;
      }
      return words;
    })
    .filter(words => words.length);
}

/** The text while it follows the voice: what was said is dim, and what comes next stands at the mark. */
function Followed({ wish, parts, at, onGo }) {
  const own = useRef(null);
  const before = useRef(0);
  useEffect(() => {
    const box = own.current;
    const words = box.querySelectorAll("span");
    const [low, high] = [Math.min(before.current, at), Math.max(before.current, at)];
    for (const word of Array.from(words).slice(low, high)) word.classList.toggle("spoken", at > before.current);
    before.current = at;
    const next = words[Math.min(at, words.length - 1)];
    if (next) {
      const top = next.offsetTop - box.clientHeight * 0.38 + next.offsetHeight / 2;
      box.scrollTo({ top, behavior: still() ? "auto" : "smooth" });
    }
  }, [at, parts, wish.size]);
  const dress = element => element && element.style.setProperty("--size", `${wish.size}px`);
  return html`<div class="screen" ref=${dress}>
    <div class=${wish.mirrored ? "text mirrored" : "text"} ref=${own} tabindex="0" role="region" aria-label=${say("prompter-text")}
      onClick=${event => event.target.dataset.number && onGo(Number(event.target.dataset.number))}>
      <div class="pad"></div>
      ${parts.map(words => html`<p>${words.map(word => html`<span data-number=${word.number}>${word.text}</span>${" "}`)}</p>`)}
      <div class="pad"></div>
    </div>
  </div>`;
}

/** Follow the voice while the page is there: `[news, begin, go, end]`; news is null while nobody follows. */
function useVoice(text, tried) {
  const news = useNews("prompter");
  const [parts, setParts] = useState(null);
  useEffect(() => {
    if (!parts) return undefined;
    const timer = setInterval(() => ask("voice/keep", {}).catch(() => {}), 4000);
    const leave = () => ask("voice/end", {}).catch(() => {});
    addEventListener("pagehide", leave);
    return () => {
      clearInterval(timer);
      removeEventListener("pagehide", leave);
    };
  }, [parts]);
  useEffect(() => {
    if (parts && news?.trouble) setParts(null);
  }, [news?.trouble]);
  const begin = async () => {
    const wanted = wordsOf(text);
    const words = wanted.flat().map(word => word.said);
    if (await tried(async () => (await ask("voice/follow", { words, at: 0 }), true))) setParts(wanted);
  };
  const go = at => tried(() => ask("voice/keep", { at }));
  const end = () => {
    setParts(null);
    return tried(() => ask("voice/end", {}));
  };
  return { parts, at: news?.at ?? 0, news, begin, go, end };
}

/** Where the voice is, in a sentence. */
function Voice({ voice }) {
  const { state, lost } = voice.news ?? {};
  const word = state === "listening" && lost ? "lost" : state;
  return html`<p role="status">${voice.parts && word && word !== "off" && say(`prompter-voice-${word}`)}</p>`;
}

/** The notes of a presentation, as text. */
async function notesOf(file) {
  return (await send(`notes?name=${encodeURIComponent(file.name.slice(-300))}`, file)).text;
}

/** Offer the text as what is truly said in a lecture. */
function Offer({ text, tried }) {
  const library = useNews("library");
  const [name, setName] = useState("");
  const [kept, setKept] = useState("");
  const lectures = library?.lectures.filter(lecture => lecture.stage !== "damaged") ?? [];
  if (!lectures.length) return null;
  const chosen = lectures.find(lecture => lecture.name === name) ?? lectures[0];
  const offer = async () => {
    setKept("");
    if (await tried(async () => ((await ask("script", { name: chosen.name, text })), true))) setKept(chosen.name);
  };
  return html`<div class="row">
    <label>${say("prompter-of")}<select value=${chosen.name} onChange=${event => setName(event.target.value)}>
      ${lectures.map(lecture => html`<option value=${lecture.name}>${lecture.title}</option>`)}
    </select></label>
    <button type="button" disabled=${!text.trim()} onClick=${offer}>${say("prompter-offer")}</button>
    <span role="status">${kept && html`${say("prompter-offered")} <a href=${`library#${kept}`}>${say("page-library")}</a>`}</span>
  </div>`;
}

function Prompter() {
  const [failure, tried, forget] = useTries();
  const input = useRef(null);
  const [wish, setWish] = useState(kept);
  const [runs, setRuns] = useState(false);
  const voice = useVoice(wish.text, tried);
  const change = more => setWish(before => ({ ...before, ...more }));
  useEffect(() => {
    localStorage.setItem(KEPT, JSON.stringify(wish));
  }, [wish]);
  useEffect(() => {
    const press = event => {
      if (event.target.closest("textarea, input, button, select")) return;
      if (voice.parts && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
        const starts = voice.parts.map(words => words[0].number);
        const to = event.key === "ArrowRight" ? starts.find(at => at > voice.at) : starts.findLast(at => at < voice.at);
        if (to !== undefined) voice.go(to);
      } else if (voice.parts) return;
      else if (event.key === " ") setRuns(now => !now);
      else if (event.key === "ArrowUp") change({ rate: Math.min(FASTEST, wish.rate + 5) });
      else if (event.key === "ArrowDown") change({ rate: Math.max(SLOWEST, wish.rate - 5) });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [wish.rate, voice.parts, voice.at]);
  const take = async event => {
    const [file] = event.target.files;
    event.target.value = "";
    const text = file && (await tried(() => notesOf(file)));
    if (text) change({ text });
  };
  const number = event => Number(event.target.value);
  return html`<${Head} here="prompter" />
    <main class="prompter">
      <h1>${say("page-prompter")}</h1>
      ${voice.parts
        ? html`<${Followed} wish=${wish} parts=${voice.parts} at=${voice.at} onGo=${voice.go} />`
        : html`<${Running} wish=${wish} runs=${runs} onEnd=${() => setRuns(false)} />`}
      <${Voice} voice=${voice} />
      <p class="row">
        <button type="button" disabled=${!wish.text.trim() || runs} onClick=${voice.parts ? voice.end : voice.begin}>
          ${say(voice.parts ? "prompter-follow-end" : "prompter-follow")}</button>
        <button type="button" class="main" disabled=${!wish.text.trim() || Boolean(voice.parts)} onClick=${() => setRuns(!runs)}>${say(runs ? "prompter-halt" : "prompter-run")}</button>
        <label>${say("prompter-rate", { rate: wish.rate })}<input type="range" min=${SLOWEST} max=${FASTEST} step="5" value=${wish.rate}
          onInput=${event => change({ rate: number(event) })} /></label>
        <label>${say("prompter-size", { size: wish.size })}<input type="range" min="24" max="120" step="4" value=${wish.size}
          onInput=${event => change({ size: number(event) })} /></label>
        <label class="tick"><input type="checkbox" checked=${wish.mirrored} onChange=${event => change({ mirrored: event.target.checked })} />${say("prompter-mirrored")}</label>
        <span class="faint">${say("prompter-length", { time: clock((count(wish.text) * 60) / wish.rate) })}</span>
      </p>
      <${Trouble} failure=${failure ?? (voice.parts ? null : voice.news?.trouble)} onClose=${failure && forget} />
      <p class="row">
        <input ref=${input} type="file" id="presentation" hidden accept=".pptx,.ppsx,.odp" onChange=${take} />
        <button type="button" onClick=${() => input.current.click()}>${say("prompter-notes")}</button>
      </p>
      <label>${say("prompter-paste")}<textarea rows="10" value=${wish.text} onInput=${event => change({ text: event.target.value })}></textarea></label>
      <p class="faint">${say("prompter-keys")} ${say("prompter-follow-keys")}</p>
      <${Offer} text=${wish.text} tried=${tried} />
    </main>`;
}

show(Prompter, "page-prompter");

// What every page needs: drawing, hearing the news, asking for things, and saying what went wrong.
import htm from "htm";
import { h, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { told } from "./sentences.js";
import { say } from "./words.js";

export const html = htm.bind(h);

const latest = new Map();
const listeners = new Map();
let stream = null;

function listen(topic) {
  stream ??= opened();
  if (listeners.has(topic)) return;
  listeners.set(topic, new Set());
  stream.addEventListener(topic, event => {
    latest.set(topic, JSON.parse(event.data));
    for (const hear of listeners.get(topic)) hear(latest.get(topic));
  });
}

function opened() {
  const source = new EventSource("news");
  const reach = here => {
    latest.set("reach", here);
    for (const hear of listeners.get("reach") ?? []) hear(here);
  };
  source.addEventListener("open", () => reach(true));
  source.addEventListener("error", () => reach(false));
  return source;
}

/** The latest of `topic` that the server told; `undefined` before it told anything. "reach": whether it can be reached. */
export function useNews(topic) {
  const [value, setValue] = useState(latest.get(topic));
  useEffect(() => {
    listen(topic);
    const heard = listeners.get(topic);
    heard.add(setValue);
    setValue(latest.get(topic));
    return () => heard.delete(setValue);
  }, [topic]);
  return value;
}

/** A failure as the page, or the server, explains it: what happened, and what to do. */
export class Failure extends Error {
  constructor(what, hint) {
    super(what);
    this.what = what;
    this.hint = hint;
  }
}

/** The failure that the server answered with, still in its own English. */
export function failureOf(answer) {
  if (!answer?.what) return new Failure(say("failed"), say("failed-hint"));
  return Object.assign(new Failure(answer.what, answer.hint || ""), { told: true });
}

async function answered(request) {
  let answer;
  try {
    answer = await request;
  } catch {
    throw new Failure(say("gone"), say("gone-hint"));
  }
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw failureOf(value);
  return value;
}

/** Ask the server to do something; gives its answer, or throws a Failure. */
export function ask(path, wish = {}) {
  const headers = { "Content-Type": "application/json" };
  return answered(fetch(path, { method: "POST", headers, body: JSON.stringify(wish) }));
}

/** Send a file to the server; gives its answer, or throws a Failure. */
export function send(path, file) {
  return answered(fetch(path, { method: "POST", body: file }));
}

/** Read something from the server. */
export function read(path) {
  return answered(fetch(path));
}

/** [failure, tried]: `tried(work)` does `work` and keeps its failure until the next one is tried. */
export function useTries() {
  const [failure, setFailure] = useState(null);
  const tried = async work => {
    setFailure(null);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
      return undefined;
    }
  };
  return [failure, tried, () => setFailure(null)];
}

const FOLLOWS_SECONDS = 1;

/**
 * [shown, wishing]: what is told, with all that was just wished. `wishing(change, work)` shows `change` from the click
 * on, does one `work` after the other, and shows what is told again when it failed (gave nothing), or soon after.
 */
export function useWishes(told) {
  const [wishes, setWishes] = useState([]);
  const line = useRef(Promise.resolve());
  const wishing = (change, work) => {
    const wish = { change };
    const over = () => setWishes(all => all.filter(one => one !== wish));
    setWishes(all => [...all, wish]);
    const asked = line.current.then(work);
    line.current = asked.catch(() => {});
    asked.then(done => setTimeout(over, done ? FOLLOWS_SECONDS * 1000 : 0), over);
    return asked;
  };
  return [told && Object.assign({}, told, ...wishes.map(wish => wish.change)), wishing];
}

/** A sentence of the server in the language of the page; marked as English where it is not known there. */
export function Told({ text, own = false, change = words => words }) {
  const { words, lang } = own ? { words: text, lang: null } : told(text);
  return lang ? html`<span lang=${lang}>${change(words)}</span>` : change(words);
}

/** Whether `failure` is in the words of the page; what is not made by it comes from the server. */
export function isOwn(failure) {
  return failure instanceof Failure && !failure.told;
}

/** `text` as a sentence that stands alone; an address stays as it is written. */
export function sentence(text) {
  const words = text.trim();
  const first = /^[\p{L}\d.-]*:?\//u.test(words) ? words[0] : words[0]?.toUpperCase();
  return words && `${first}${words.slice(1)}${/[.!?…]$/.test(words) ? "" : "."}`;
}

/** A failure, said aloud to those who cannot see it. */
export function Trouble({ failure, onClose }) {
  return html`<div role="alert">${
    failure &&
    html`<p class="trouble">
      <span><strong><${Told} text=${failure.what} own=${isOwn(failure)} change=${sentence} /></strong>${
        failure.hint ? html`<span class="hint"> <${Told} text=${failure.hint} own=${isOwn(failure)} change=${sentence} /></span>` : null}</span>
      ${onClose && html`<button type="button" class="quiet" onClick=${onClose}>${say("close")}</button>`}
    </p>`
  }</div>`;
}

/** What is wrong, in the language of the page: `cause` is a word of the recorder's, `kind` what it is about. */
export function alarm({ cause, kind }) {
  return say(`alarm-${cause}`, { about: kind ? say(`about-${kind}`) : "" });
}

/** All that is wrong with a take, in sentences. */
export function alarmsOf(studio) {
  return (studio?.alarms ?? []).map(alarm);
}

/** A modal question, closed by Escape. */
export function Dialog({ title, onClose, children }) {
  const own = useRef(null);
  useEffect(() => {
    own.current.showModal();
  }, []);
  return html`<dialog ref=${own} onClose=${onClose} aria-labelledby="dialog-title">
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

/** Say `text` to screen readers, once it changes. */
export function Spoken({ text }) {
  return html`<p class="unseen" role="status" aria-live="polite">${text}</p>`;
}

/** Head of every page, with the way to the others. */
export function Head({ here }) {
  const reach = useNews("reach");
  const link = (to, id) =>
    html`<a href=${to} aria-current=${here === id ? "page" : null}>${say(`page-${id}`)}</a>`;
  return html`<header class="head">
    <span class="brand"><img src="static/icon.svg" alt="" width="28" height="28" />flipcast</span>
    <nav aria-label=${say("pages")}>${link("./", "recorder")}${link("library", "library")}${link("prompter", "prompter")}</nav>
    <div role="alert">${reach === false && html`<p class="trouble">${say("gone")} ${say("gone-hint")}</p>`}</div>
  </header>`;
}

/** Put a page's root element into the document. */
export function show(Page, titleId) {
  document.title = `${say(titleId)} – flipcast`;
  render(html`<${Page} />`, document.body);
}

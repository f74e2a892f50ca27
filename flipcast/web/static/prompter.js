// The teleprompter: a text that runs past a line at the speed of speech. It is kept in this browser alone.
import { useEffect, useRef, useState } from "preact/hooks";
import { Head, html, show } from "./desk.js";
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
  return html`<div class="screen" ref=${dress}>
    <div class=${wish.mirrored ? "text mirrored" : "text"} ref=${own} tabindex="0" role="region" aria-label=${say("prompter-text")}>
      <div class="pad"></div>
      ${wish.text.split(/\n+/).map(part => html`<p>${part}</p>`)}
      <div class="pad"></div>
    </div>
  </div>`;
}

function Prompter() {
  const [wish, setWish] = useState(kept);
  const [runs, setRuns] = useState(false);
  const change = more => setWish(before => ({ ...before, ...more }));
  useEffect(() => {
    localStorage.setItem(KEPT, JSON.stringify(wish));
  }, [wish]);
  useEffect(() => {
    const press = event => {
      if (event.target.closest("textarea, input, button, select")) return;
      if (event.key === " ") setRuns(now => !now);
      else if (event.key === "ArrowUp") change({ rate: Math.min(FASTEST, wish.rate + 5) });
      else if (event.key === "ArrowDown") change({ rate: Math.max(SLOWEST, wish.rate - 5) });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [wish.rate]);
  const number = event => Number(event.target.value);
  return html`<${Head} here="prompter" />
    <main class="prompter">
      <h1>${say("page-prompter")}</h1>
      <${Running} wish=${wish} runs=${runs} onEnd=${() => setRuns(false)} />
      <p class="row">
        <button type="button" class="main" disabled=${!wish.text.trim()} onClick=${() => setRuns(!runs)}>${say(runs ? "prompter-halt" : "prompter-run")}</button>
        <label>${say("prompter-rate", { rate: wish.rate })}<input type="range" min=${SLOWEST} max=${FASTEST} step="5" value=${wish.rate}
          onInput=${event => change({ rate: number(event) })} /></label>
        <label>${say("prompter-size", { size: wish.size })}<input type="range" min="24" max="120" step="4" value=${wish.size}
          onInput=${event => change({ size: number(event) })} /></label>
        <label class="tick"><input type="checkbox" checked=${wish.mirrored} onChange=${event => change({ mirrored: event.target.checked })} />${say("prompter-mirrored")}</label>
        <span class="faint">${say("prompter-length", { time: clock((count(wish.text) * 60) / wish.rate) })}</span>
      </p>
      <label>${say("prompter-paste")}<textarea rows="10" value=${wish.text} onInput=${event => change({ text: event.target.value })}></textarea></label>
      <p class="faint">${say("prompter-keys")}</p>
    </main>`;
}

show(Prompter, "page-prompter");

// What the booth's pages are made of: large buttons, the live picture, the level, the light, what went wrong.
import { createContext } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import { alarmsOf, html, isOwn, sentence, Told } from "./desk.js";
import { watch } from "./pictures.js";
import { say } from "./words.js";

const HEARD_SECONDS = 4;
const TOO_LOUD = -6;
const LOUD_ENOUGH = -40;

/** Whether a step is there long enough that a touch is meant for it, and not for what was there before. */
export const Settled = createContext(true);

const MARKS = {
  record: html`<circle cx="12" cy="12" r="8" />`,
  stop: html`<rect x="5" y="5" width="14" height="14" rx="2" />`,
  keep: html`<path d="M4 13l5 5L20 6" class="stroke" />`,
  again: html`<path d="M19 12a7 7 0 1 1-2-5M17 2v5h-5" class="stroke" />`,
  throw: html`<path d="M6 6l12 12M18 6L6 18" class="stroke" />`,
  play: html`<path d="M6 3l15 9-15 9z" />`,
  pause: html`<path d="M5 4h5v16H5zM14 4h5v16h-5z" />`,
  back: html`<path d="M15 4l-8 8 8 8" class="stroke" />`,
  next: html`<path d="M9 4l8 8-8 8" class="stroke" />`,
  background: html`<path d="M3 19l6-8 5 6 3-4 4 6z" /><circle cx="16" cy="7" r="2.5" />`,
  slides: html`<path d="M3 5h18v11H3zM8 20h8" class="stroke" />`,
  leave: html`<path d="M10 4H4v16h6M9 12h12M17 7.5l4.5 4.5-4.5 4.5" class="stroke" />`,
};

/** A button for a whole finger; the one that a step is about has the focus from the beginning. */
export function Big({ kind = "", mark = "", main = false, disabled = false, onClick, children, ...more }) {
  const own = useRef(null);
  const settled = useContext(Settled);
  useEffect(() => {
    if (main) own.current.focus({ preventScroll: true });
  }, [main]);
  // It keeps the focus while it cannot be pressed, so that a key presses it as soon as it can.
  const off = disabled || !settled;
  return html`<button ref=${own} type="button" class=${`big ${kind}`} aria-disabled=${off ? "true" : null} data-off=${disabled || null}
    onClick=${() => off || onClick()} ...${more}>
    ${mark && html`<svg class="sign" viewBox="0 0 24 24" aria-hidden="true">${MARKS[mark]}</svg>`}<span>${children}</span>
  </button>`;
}

/** A live picture. */
export function Picture({ track, label, width = 1280, height = 720, rate = 30, ...more }) {
  const canvas = useRef(null);
  useEffect(() => watch(track, canvas.current, { width, height, rate }), [track, width, height, rate]);
  return html`<canvas ref=${canvas} role="img" aria-label=${label} ...${more}></canvas>`;
}

/** Whoever stands there, before what they chose; a sentence while the camera is not open. */
export function Mirror({ studio, children, ...more }) {
  const camera = studio?.tracks.find(track => track.level === null && track.kind === "camera");
  const seen = camera ?? studio?.tracks.find(track => track.level === null);
  const track = studio?.key?.works ? studio.key.name : seen?.name;
  return html`<div class="mirror">
    ${track
      ? html`<${Picture} key=${track} track=${track} label=${say("booth-picture")} ...${more} />`
      : html`<p>${say(studio?.trouble ? "no-picture" : "booth-opening")}</p>`}
    ${children}
  </div>`;
}

/** How loud the loudest of the last seconds was, as a meter and in words. */
export function Level({ studio }) {
  const heard = useRef([]);
  const track = studio?.tracks.find(one => one.level !== null);
  if (!track) return html`<div class="level"><p>${studio?.tracks.length ? say("booth-deaf") : ""}</p></div>`;
  const now = performance.now();
  heard.current = [...heard.current.filter(one => one.at > now - HEARD_SECONDS * 1000), { at: now, level: track.level }];
  const loudest = Math.max(...heard.current.map(one => one.level));
  const how = loudest >= TOO_LOUD ? "loud" : loudest >= LOUD_ENOUGH ? "well" : "quiet";
  return html`<div class="level" data-how=${how}>
    <meter min="-60" max="0" low="-50" high=${TOO_LOUD} optimum="-20" value=${track.level} aria-label=${say("booth-level")}></meter>
    <p>${say(`booth-heard-${how}`)}</p>
  </div>`;
}

/** Whether all is well, by shape, colour and a sentence. */
export function Light({ studio }) {
  const words = studio.alarms.length
    ? alarmsOf(studio).join(" ")
    : studio.light === "amber"
      ? studio.room !== null && studio.room < 900
        ? say("room-scarce", { minutes: Math.floor(studio.room / 60) })
        : say("late", { count: studio.late ?? 0 })
      : say(studio.light === "off" ? "booth-moment" : "all-well");
  return html`<p class=${`light ${studio.light}`}><span class="lamp" aria-hidden="true"></span><span>${words}</span></p>`;
}

/** What went wrong and what to do, large. */
export function Wrong({ what }) {
  return html`<div role="alert">${
    what &&
    html`<p class="wrong"><strong><${Told} text=${what.what} own=${isOwn(what)} change=${sentence} /></strong> ${
        what.hint && html`<${Told} text=${what.hint} own=${isOwn(what) || what.ours} change=${sentence} />`}
      ${!what.hint && say("booth-tell-operator")}</p>`
  }</div>`;
}

/** What only the operator can mend: whose turn it is, and small what it is about. */
export function Broken({ what }) {
  return html`<div role="alert">${
    what &&
    html`<p class="wrong"><strong>${say("booth-broken")}</strong> ${say("booth-tell-operator")}<br />
      <small><${Told} text=${what.what} own=${isOwn(what)} change=${sentence} /> ${
        what.hint && html`<${Told} text=${what.hint} own=${isOwn(what)} change=${sentence} />`}</small></p>`
  }</div>`;
}

/** How far something is, with words for it. */
export function Progress({ share, children }) {
  return html`<div class="going"><p>${children}</p><progress max="1" value=${share} aria-label=${say("booth-progress")}></progress></div>`;
}

/** Something opened over a step, and closed again by its button or Escape. */
export function Panel({ title, foot, onClose, children }) {
  const own = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    own.current.showModal();
    return () => before?.focus({ preventScroll: true });
  }, []);
  return html`<dialog ref=${own} class="panel" onClose=${onClose} aria-labelledby="panel-title">
    <div class="top"><h2 id="panel-title">${title}</h2><${Big} onClick=${onClose}>${say("close")}<//></div>
    <div class="inside">${children}</div>
    ${foot && html`<div class="foot">${foot}</div>`}
  </dialog>`;
}

/** A code to scan, and the same to be typed; long addresses are broken where they have their slashes. */
export function Phone({ phone, label }) {
  const parts = phone.typed.split(/(?<=[^/]\/)(?=[^/])/);
  return html`<div class="phone">
    <img src=${phone.code} alt=${label} width="300" height="300" />
    <p>${say("booth-scan")}<br /><strong class="typed">${parts.map((part, at) => (at ? html`<wbr />${part}` : part))}</strong></p>
  </div>`;
}

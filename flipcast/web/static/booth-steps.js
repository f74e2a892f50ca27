// The steps of a visit to the booth, each as it fills the screen.
import { useEffect, useRef, useState } from "preact/hooks";
import { Backgrounds, Slides } from "./booth-panels.js";
import { Big, Broken, Level, Light, Mirror, Phone, Progress, Wrong } from "./booth-parts.js";
import { Watch } from "./booth-watch.js";
import { alarmsOf, ask, html, sentence } from "./desk.js";
import { clock, say } from "./words.js";

const HOLD_MS = 3000;
const LAST_SECONDS = 60;
const ROLLING_UP_MS = 800; // until the news of a turn are certainly here
const WARNINGS = 2;

/** `turning(by)` shows another slide; pressed twice quickly it goes two on. */
export function useTurning(booth) {
  const last = useRef({ at: -ROLLING_UP_MS, to: 0 });
  return by => {
    const deck = booth?.deck;
    if (!deck) return;
    const now = performance.now();
    const from = now - last.current.at < ROLLING_UP_MS ? last.current.to : deck.at;
    const to = Math.min(Math.max(from + by, 0), deck.slides.length - 1);
    last.current = { at: now, to };
    if (to !== from) ask("booth/turn", { to }).catch(() => {}); // the slide that stays says it
  };
}

/** Nobody is there: the whole screen is one button. */
export function Attract({ booth, failure, doing, onOperator }) {
  const hold = useRef(0);
  const held = useRef(false);
  const down = () => {
    held.current = false;
    hold.current = setTimeout(() => {
      held.current = true;
      onOperator();
    }, HOLD_MS);
  };
  const up = () => clearTimeout(hold.current);
  useEffect(() => up, []);
  const begin = () => doing("booth/begin");
  const click = event => (event.detail === 0 ? onOperator() : held.current || begin());
  return html`<h1 class="unseen">${say("booth-title")}</h1>
    <${Big} kind="everything" main onClick=${begin}>
      <span class="lens" aria-hidden="true"></span>
      <span class="title">${say("booth-attract")}</span>
      <span class="how">${["touch", "speak", "take"].map(what => html`<span>${say(`booth-attract-${what}`)}</span>`)}</span>
    <//>
    <${Broken} what=${booth.trouble} /><${Wrong} what=${failure} />
    <button type="button" class="brand-mark" aria-label=${say("booth-operator")} onPointerDown=${down} onPointerUp=${up}
      onPointerCancel=${up} onPointerLeave=${up} onClick=${click}><img src="static/icon.svg" alt="" width="44" height="44" /></button>`;
}

const OUTLINE =
  "M80 14c-10 0-16 8-16 18 0 8 4 15 9 18v5c-12 3-27 7-31 16-2 5-3 11-3 19h82c0-8-1-14-3-19-4-9-19-13-31-16v-5c5-3 9-10 9-18 0-10-6-18-16-18z";

/** Where a head and shoulders fit; light on dark, so that it is seen before any background. */
function Guide() {
  return html`<svg class="guide" viewBox="0 0 160 90" aria-hidden="true"><path class="under" d=${OUTLINE} /><path d=${OUTLINE} /></svg>`;
}

function Warnings({ studio }) {
  const says = [...alarmsOf(studio), ...(studio?.key?.advice ?? []).map(id => say(`advice-${id}`))].slice(0, WARNINGS);
  return html`<div role="status">${says.length > 0 && html`<ul class="warnings">${says.map(text => html`<li>${sentence(text)}</li>`)}</ul>`}</div>`;
}

/** Somebody sees and hears themselves, chooses, and records by one touch. */
export function Mark({ booth, studio, failure, tried, doing }) {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  const ready = studio?.state === "ready" && !booth.taking;
  const seen = studio?.tracks.some(track => track.level === null);
  const trying = work => tried(async () => ((await work()), true));
  const panel = { booth, failure, tried: trying, onClose: close };
  return html`<h1 class="unseen">${say("booth-step-mark")}</h1>
    <${Mirror} studio=${studio}>${seen && booth.background !== "slides" && html`<${Guide} />`}<//>
    <div class="beside">
      ${!booth.trouble && !failure && !studio?.trouble && html`<p class="lead">${say("booth-step-mark")}</p>`}
      <${Broken} what=${studio?.trouble} />
      <${Wrong} what=${failure ?? booth.trouble} />
      <${Warnings} studio=${studio} />
      ${booth.takes > 1 && html`<p class="faint try">${say("booth-take", { number: booth.takes })}</p>`}
      <${Level} studio=${studio} />
      ${booth.taking
        ? html`<${Progress} share=${booth.taking.share}>${say("booth-taking", { title: booth.taking.title })}<//>`
        : booth.deck && html`<p class="chosen">${say("booth-deck", { title: booth.deck.title, count: booth.deck.slides.length })}</p>`}
    </div>
    <div class="actions">
      <${Big} kind="leave" mark="leave" onClick=${() => doing("booth/leave")}>${say("booth-leave")}<//>
      ${booth.green && booth.backgrounds.length > 1 && html`<${Big} mark="background" aria-haspopup="dialog" onClick=${() => setOpen("background")}>${say("booth-background")}<//>`}
      <${Big} mark="slides" aria-haspopup="dialog" onClick=${() => setOpen("slides")}>${say("booth-slides")}<//>
      <${Big} kind="record" mark="record" main disabled=${!ready} onClick=${() => doing("booth/roll")}>${say("booth-record")}<//>
    </div>
    ${open === "background" && html`<${Backgrounds} ...${panel} />`}
    ${open === "slides" && html`<${Slides} ...${panel} />`}`;
}

/** Five, four, three. */
export function Counting({ studio, failure, doing }) {
  const seconds = studio?.state === "counting" ? Math.ceil(studio.seconds) : "";
  return html`<h1 class="unseen">${say("booth-step-counting")}</h1>
    <${Mirror} studio=${studio}><p class="count" aria-hidden="true">${seconds}</p><//>
    <div class="actions"><${Wrong} what=${failure} /><${Big} kind="stop" mark="stop" main onClick=${() => doing("booth/stop")}>${say("booth-call-off")}<//></div>`;
}

function Slide({ slide, number, kind }) {
  return html`<img class=${kind} src=${slide.picture} alt=${slide.title ? say("booth-slide-called", { number, title: slide.title }) : say("booth-slide", { number })} />`;
}

/** The take runs: the clock, the light, the slides. */
export function Recording({ booth, studio, failure, doing, turning }) {
  const { deck, left } = booth;
  const ending = left !== null && left < LAST_SECONDS;
  return html`<h1 class="unseen">${say("booth-step-recording")}</h1>
    <div class="seen">${deck
      ? html`<${Slide} slide=${deck.slides[deck.at]} number=${deck.at + 1} kind="now" />`
      : html`<${Mirror} studio=${studio} width=${960} height=${540} rate=${15} />`}</div>
    <div class="beside">
      <p class="clock" role="timer" aria-live="off">${clock(Math.floor(studio?.state === "counting" ? 0 : studio?.seconds ?? 0))}</p>
      <p class="left" data-ending=${ending || null}>${ending ? say("booth-left", { time: clock(Math.ceil(left)) }) : say("booth-longest", { time: clock(booth.longest) })}</p>
      ${studio && html`<${Light} studio=${studio} />`}
      <${Wrong} what=${failure ?? booth.trouble} />
      ${deck && html`<div class="coming"><h2>${say("booth-next")}</h2>${deck.slides[deck.at + 1]
        ? html`<${Slide} slide=${deck.slides[deck.at + 1]} number=${deck.at + 2} kind="next" />`
        : html`<p>${say("booth-last-slide")}</p>`}</div>`}
    </div>
    <div class="actions">
      ${deck && html`<div class="turns">
        <${Big} mark="back" disabled=${deck.at === 0} aria-label=${say("booth-turn-back")} onClick=${() => turning(-1)}><//>
        <p>${say("booth-at", { number: deck.at + 1, count: deck.slides.length })}</p>
        <${Big} mark="next" disabled=${deck.at === deck.slides.length - 1} aria-label=${say("booth-turn-next")} onClick=${() => turning(1)}><//>
      </div>`}
      <${Big} kind="stop" mark="stop" main onClick=${() => doing("booth/stop")}>${say("booth-stop")}<//>
    </div>`;
}

export function Closing({ booth }) {
  return html`<h1>${say("booth-moment")}</h1><p>${say("booth-step-closing")}</p><${Broken} what=${booth.trouble} />`;
}

/** They watch what they recorded, and say what becomes of it. */
export function Review({ booth, failure, doing }) {
  const [throws, setThrows] = useState(false);
  return html`<h1>${say("booth-review")}</h1>
    ${booth.name ? html`<${Watch} name=${booth.name} />` : html`<div></div>`}
    <${Wrong} what=${failure ?? booth.trouble} />
    ${throws
      ? html`<div class="actions sure" key="sure"><p>${say("booth-throw-really")}</p>
          <${Big} main onClick=${() => setThrows(false)}>${say("booth-throw-no")}<//>
          <${Big} kind="danger" mark="throw" onClick=${() => doing("booth/throw")}>${say("booth-throw-yes")}<//></div>`
      : html`<div class="actions" key="choice">
          <${Big} kind="danger" mark="throw" onClick=${() => setThrows(true)}>${say("booth-throw")}<//>
          <${Big} mark="again" onClick=${() => doing("booth/again")}>${say("booth-again")}<//>
          <${Big} kind="main" mark="keep" main onClick=${() => doing("booth/keep")}>${say("booth-keep")}<//></div>`}`;
}

function Copy({ booth, doing }) {
  const { copy } = booth;
  if (copy?.state === "copying") return html`<${Progress} share=${copy.share}>${say(copy.share > 0 ? "booth-copying" : "booth-copying-soon")}<//>`;
  const sticks = booth.sticks.filter(stick => stick.writable);
  return html`${copy?.state === "done" && html`<p class="good">${say("booth-copied")}</p>`}
    ${copy?.state === "failed" && html`<${Wrong} what=${{ what: copy.trouble, hint: say("booth-copy-again"), ours: true }} />`}
    ${copy?.state !== "done" && sticks.map(stick => html`<${Big} key=${stick.id} onClick=${() => doing("booth/copy", { stick: stick.id })}>${say("booth-copy", { name: stick.name })}<//>`)}
    ${!copy && !sticks.length && html`<p>${say("booth-put-stick")}</p>`}`;
}

function Hand({ hand }) {
  if (!hand) return null;
  if (hand.state === "failed") return html`<p>${say("booth-hand-failed")}</p>`;
  if (hand.state === "sent" || hand.state === "kept") return html`<p class="good">${say(`booth-hand-${hand.state}`)}</p>`;
  const left = hand.left === null ? "" : ` ${say("booth-hand-left", { time: clock(hand.left) })}`;
  const doing = hand.state === "working" && hand.step ? ` ${say(`step-${hand.step}`)} …` : "";
  return html`<${Progress} share=${hand.share ?? 0}>${say("booth-hand-working")}${doing}${left}<//>`;
}

/** It is safe; how they get it. */
export function Handover({ booth, failure, doing }) {
  const page = booth.hand?.page;
  const phone = booth.phone ?? (page ? { typed: page, code: "booth/page.svg" } : null); // without phones, once it is up
  return html`<h1>${say("booth-safe")}</h1>
    <div class="ways">
      ${phone
        ? html`<${Phone} phone=${phone} label=${say("booth-code-lecture")} />`
        : html`<div class="phone"><p>${say("booth-found-as")}<br /><strong class="typed">${booth.title}</strong></p></div>`}
      <div class="beside">
        <${Hand} hand=${booth.hand} />
        <${Copy} ...${{ booth, doing }} />
        <${Wrong} what=${failure ?? booth.trouble} />
      </div>
    </div>
    <div class="actions"><${Big} kind="main" mark="keep" main onClick=${() => doing("booth/done")}>${say("booth-done")}<//></div>`;
}

export function Thanks() {
  return html`<h1>${say("booth-thanks")}</h1><p>${say("booth-step-thanks")}</p>`;
}

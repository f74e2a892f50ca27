// The second screen of the booth: slides, notes, clock and light, for whoever speaks. Nothing on it can be pressed.
import { Light } from "./booth-parts.js";
import { html, show, Spoken, useNews } from "./desk.js";
import { clock, say } from "./words.js";

const LAST_SECONDS = 60;
const LONG_NOTES = 400;
const THEIRS = ["mark", "counting", "recording"];

function Slide({ slide, number, kind }) {
  return html`<img class=${kind} src=${slide.picture} alt=${slide.title ? say("booth-slide-called", { number, title: slide.title }) : say("booth-slide", { number })} />`;
}

function Time({ booth, studio }) {
  if (booth.step === "mark") return html`<p class="clock">${say("presenter-ready")}</p>`;
  if (booth.step === "counting") return html`<p class="clock">${studio.state === "counting" ? Math.ceil(studio.seconds) : ""}</p>`;
  const ending = booth.left !== null && booth.left < LAST_SECONDS;
  return html`<p class="clock" role="timer" aria-live="off">${clock(Math.floor(studio.state === "counting" ? 0 : studio.seconds))}</p>
    <p class="left" data-ending=${ending || null}>${booth.left !== null && say("booth-left", { time: clock(Math.ceil(booth.left)) })}</p>
    <${Light} studio=${studio} />`;
}

function Presenter() {
  const booth = useNews("booth");
  const studio = useNews("studio");
  const reach = useNews("reach");
  if (reach === false || !booth || !studio || !THEIRS.includes(booth.step))
    return html`<main class="presenter nobody"><h1><img src="static/icon.svg" alt="" width="88" height="88" /> flipcast</h1></main>`;
  const { deck } = booth;
  const slide = deck?.slides[deck.at];
  const next = deck?.slides[deck.at + 1];
  const length = (slide?.notes ?? "").length > LONG_NOTES ? "long" : "short";
  return html`<main class="presenter" data-step=${booth.step} data-deck=${deck ? "some" : "none"}>
    <h1 class="unseen">${say("presenter-title")}</h1>
    <div class="time"><${Time} booth=${booth} studio=${studio} /></div>
    ${deck && html`<div class="now-place"><${Slide} slide=${slide} number=${deck.at + 1} kind="now" /></div>
      <div class="coming"><h2>${say("booth-next")}</h2>${next
        ? html`<${Slide} slide=${next} number=${deck.at + 2} kind="next" />`
        : html`<p>${say("booth-last-slide")}</p>`}</div>
      <div class="notes" data-length=${length} key=${deck.at} tabindex="0" role="region" aria-label=${say("presenter-notes")}>${
        slide.notes ? slide.notes.split(/\n+/).map(part => html`<p>${part}</p>`) : html`<p class="faint">${say("presenter-no-notes")}</p>`
      }</div>`}
    <${Spoken} text=${say(`booth-step-${booth.step}`)} />
  </main>`;
}

show(Presenter, "presenter-title");

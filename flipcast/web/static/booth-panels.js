// What can be opened on the mark: what to stand before, and slides.
import { useEffect, useRef } from "preact/hooks";
import { ask, html } from "./desk.js";
import { Big, Panel, Phone, Progress, Wrong } from "./booth-parts.js";
import { say } from "./words.js";

function Swatch({ scene }) {
  if (scene.picture) return html`<img class="swatch" src=${scene.picture} alt="" />`;
  const dress = element => element?.style.setProperty("--colour", scene.colour ?? "transparent");
  return html`<span class=${`swatch ${scene.kind}`} ref=${dress}></span>`;
}

/** What to stand before: one touch, and it is there. */
export function Backgrounds({ booth, failure, tried, onClose }) {
  const choose = async id => (await tried(() => ask("booth/background", { id }))) && onClose();
  return html`<${Panel} title=${say("booth-background")} onClose=${onClose}>
    <${Wrong} what=${failure} />
    <ul class="scenes">${booth.backgrounds.map(
      scene => html`<li key=${scene.id}><${Big} kind="scene" aria-pressed=${scene.id === booth.background} onClick=${() => choose(scene.id)}>
        <${Swatch} scene=${scene} />${scene.name || say(`booth-scene-${scene.id}`)}<//></li>`,
    )}</ul>
  <//>`;
}

function Stick({ stick, onTake }) {
  return html`<section>
    <h3>${say("booth-on-stick", { name: stick.name })}</h3>
    ${stick.decks.length
      ? html`<ul class="decks">${stick.decks.map(
          deck => html`<li key=${deck.id}><${Big} mark="slides" onClick=${() => onTake(deck.id)}><span class="called">${deck.title}</span>
            <span class="faint">${say("booth-size", { mb: deck.mb })}</span><//></li>`,
        )}</ul>`
      : html`<p>${say("booth-stick-empty")}</p>`}
  </section>`;
}

/** Slides of one's own: from a stick, or sent by phone. It closes when they are there. */
export function Slides({ booth, failure, tried, onClose }) {
  const taking = useRef(false);
  useEffect(() => {
    if (taking.current && !booth.taking) onClose(); // they are there, or the mark says why not
    taking.current = booth.taking !== null;
  }, [booth.taking !== null]);
  const take = stick => deck => tried(() => ask("booth/slides", { stick, deck }));
  const none = async () => (await tried(() => ask("booth/no-slides"))) && onClose();
  const foot = html`<${Big} onClick=${none}>${say("booth-without")}<//>`;
  return html`<${Panel} title=${say("booth-slides")} foot=${foot} onClose=${onClose}>
    <${Wrong} what=${failure} />
    ${booth.taking
      ? html`<${Progress} share=${booth.taking.share}>${say("booth-taking", { title: booth.taking.title })}<//>`
      : html`<div class="ways">
          <div>
            ${booth.sticks.map(stick => html`<${Stick} key=${stick.id} stick=${stick} onTake=${take(stick.id)} />`)}
            ${!booth.sticks.length && html`<p>${say("booth-no-stick")}</p>`}
          </div>
          ${booth.phone && html`<div><h3>${say("booth-by-phone")}</h3><${Phone} phone=${booth.phone} label=${say("booth-code-slides")} /></div>`}
        </div>`}
  <//>`;
}

// The operator's corner of the booth, behind a PIN.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Big, Mirror, Wrong } from "./booth-parts.js";
import { ask, html, sentence, Told, useTries } from "./desk.js";
import { say } from "./words.js";

const SECTIONS = ["health", "takes", "devices", "tune", "settings", "log"];
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
const LONGEST_PIN = 12;
const SHORTEST_PIN = 4;
const LOOK_MS = 4000;
const LOOKED_MS = 60000; // a corner that nobody touches is let close by itself

/** Digits to touch, or to type; `onOpen` is given the key. */
export function PinPad({ onOpen, onClose }) {
  const typed = useRef(""); // keys come faster than the page is drawn
  const [pin, setPin] = useState("");
  const [failure, tried] = useTries();
  const own = useRef(null);
  const be = text => setPin((typed.current = text.slice(0, LONGEST_PIN)));
  const add = digit => be(typed.current + digit);
  const less = () => be(typed.current.slice(0, -1));
  const open = async () => {
    const said = typed.current;
    if (said.length < SHORTEST_PIN) return;
    be("");
    const answer = await tried(() => ask("booth/operator", { pin: said }));
    if (answer) onOpen(answer.key);
  };
  const latest = useRef();
  latest.current = { open, onClose };
  useLayoutEffect(() => {
    own.current.focus();
    const press = event => {
      if (/^[0-9]$/.test(event.key)) add(event.key);
      else if (event.key === "Backspace") less();
      else if (event.key === "Escape") latest.current.onClose?.();
      else if (event.key === "Enter" && !document.activeElement?.closest("button")) latest.current.open();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return html`<h1>${say("booth-operator")}</h1>
    <p class="dots" role="status" aria-label=${say("booth-pin-typed", { count: pin.length })}>${pin ? "•".repeat(pin.length) : say("booth-pin")}</p>
    <${Wrong} what=${failure} />
    <div class="pad" ref=${own} tabindex="-1" role="group" aria-label=${say("booth-pin")}>
      ${DIGITS.map(digit => html`<${Big} key=${digit} onClick=${() => add(digit)}>${digit}<//>`)}
      <${Big} onClick=${less} mark="back" aria-label=${say("booth-pin-less")}><//>
      <${Big} onClick=${() => add("0")}>0<//>
      <${Big} kind="main" mark="keep" disabled=${pin.length < SHORTEST_PIN} aria-label=${say("booth-pin-open")} onClick=${open}><//>
    </div>
    ${onClose && html`<${Big} onClick=${onClose}>${say("booth-pin-close")}<//>`}`;
}

function Health({ health }) {
  const how = well => (well ? "green" : well === false ? "red" : "off");
  return html`<ul class="rows">${health.map(
    one => html`<li class=${`light ${how(one.well)}`}><span class="lamp" aria-hidden="true"></span>
      <span><strong class="about"><${Told} text=${one.about} /></strong><span class="unseen">: ${say(`booth-health-${how(one.well)}`)}</span><br /><${Told} text=${one.says} change=${sentence} /></span></li>`,
  )}</ul>`;
}

function Takes({ takes, doing }) {
  if (!takes.length) return html`<p>${say("booth-no-takes")}</p>`;
  const when = at => new Date(at * 1000).toLocaleString(document.documentElement.lang);
  return html`<ul class="rows">${takes.map(
    take => html`<li key=${take.name}><div class="grow"><strong>${take.title}</strong><br />
        <span class="faint">${when(take.at)} · ${say(`stage-${take.stage}`)}${take.waits === "left" ? ` · ${say("booth-take-left")}` : ""}</span>
        ${take.trouble && html`<br /><span class="bad"><${Told} text=${take.trouble} /></span>`}</div>
      <${Big} mark="again" onClick=${() => doing("retry", { name: take.name })}>${say(take.waits === "left" ? "booth-take-keep" : "booth-retry")}<//></li>`,
  )}</ul>`;
}

function Devices({ devices, chosen, doing }) {
  const toggle = from => doing("choose", { sources: chosen.includes(from) ? chosen.filter(one => one !== from) : [...chosen, from] });
  return html`<ul class="rows">${devices.map(
    device => html`<li key=${device.from}><${Big} kind="wide" mark=${chosen.includes(device.from) ? "keep" : ""} aria-pressed=${chosen.includes(device.from)} disabled=${!device.here && !chosen.includes(device.from)}
        onClick=${() => toggle(device.from)}>${say(`booth-kind-${device.kind}`)}: ${device.name}${device.here ? "" : ` ${say("not-here")}`}<//></li>`,
  )}</ul>`;
}

function Tune({ studio, tuned, doing }) {
  return html`<div class="tune"><p>${say("booth-tune-how")}</p>
    <${Big} kind="main" onClick=${() => doing("tune")}>${say("booth-tune")}<//>
    <div role="status">${tuned && (tuned.says.length
      ? html`<ul class="warnings">${tuned.says.map(text => html`<li><${Told} text=${text} change=${sentence} /></li>`)}</ul>`
      : html`<p class="good">${say("booth-tuned")}</p>`)}
      ${tuned?.picture && html`<img src=${tuned.picture} alt=${say("booth-tune-picture")} />`}</div>
    <${Mirror} studio=${studio} width=${960} height=${540} rate=${10} /></div>`;
}

function Settings({ settings, doing }) {
  return html`<${Big} mark="again" onClick=${() => doing("settings")}>${say("booth-settings-again")}<//>
    <table><thead><tr>${["key", "value", "from"].map(head => html`<th scope="col">${say(`booth-settings-${head}`)}</th>`)}</tr></thead>
      <tbody>${settings.map(one => html`<tr key=${one.key}><th scope="row">${one.key}</th><td>${one.value}</td><td>${one.from}</td></tr>`)}</tbody></table>`;
}

const Log = ({ log }) => html`<pre>${log.slice().reverse().join("\n")}</pre>`;
const DRAWN = { health: Health, takes: Takes, devices: Devices, tune: Tune, settings: Settings, log: Log };

/** How the booth is, and what can be done about it, for whoever has the key `code`. */
export function Corner({ code, studio, onLost }) {
  const [section, setSection] = useState("health");
  const [seen, setSeen] = useState(null);
  const [tuned, setTuned] = useState(null);
  const [done, setDone] = useState(false);
  const [failure, tried] = useTries();
  const touched = useRef(performance.now());
  const over = useRef(false);
  const looking = useRef(Promise.resolve());
  const look = async () => {
    if (over.current) return;
    const asked = ask("booth/operator/look", { key: code });
    looking.current = asked.catch(() => {});
    const found = await asked;
    if (!over.current) setSeen(found);
  };
  const doing = (what, wish = {}) => {
    setDone(false);
    return tried(async () => {
      if (what === "close") {
        over.current = true; // a look that comes after it would be refused
        await looking.current;
      }
      const answer = await ask(`booth/operator/${what}`, { key: code, ...wish });
      if (what === "tune") setTuned(answer);
      if (what === "close") return onLost();
      if (answer?.trouble) setSeen({ ...seen, trouble: answer.trouble });
      else setDone(true);
      return look();
    });
  };
  useEffect(() => {
    const touch = () => {
      touched.current = performance.now();
    };
    addEventListener("pointerdown", touch);
    addEventListener("keydown", touch);
    tried(look);
    const again = setInterval(() => performance.now() - touched.current < LOOKED_MS && look().catch(() => {}), LOOK_MS);
    return () => {
      over.current = true;
      clearInterval(again);
      removeEventListener("pointerdown", touch);
      removeEventListener("keydown", touch);
    };
  }, []);
  const choose = id => {
    setSection(id);
    setDone(false);
    tried(look);
  };
  const Drawn = DRAWN[section];
  return html`<div class="top"><h1>${say("booth-operator")}</h1>
      <${Big} kind="main" onClick=${() => doing("close")}>${say("booth-operator-close")}<//></div>
    <nav aria-label=${say("booth-sections")}>${SECTIONS.map(
      (id, at) => html`<${Big} key=${id} main=${at === 0} aria-current=${id === section ? "page" : null} onClick=${() => choose(id)}>${say(`booth-section-${id}`)}<//>`,
    )}</nav>
    <section class="inside" tabindex="0" aria-labelledby="section-title">
      <h2 id="section-title">${say(`booth-section-${section}`)}</h2>
      <${Wrong} what=${failure ?? seen?.trouble} />
      ${failure && html`<${Big} onClick=${onLost}>${say("booth-pin-again")}<//>`}
      <div role="status">${done && section !== "tune" && html`<p class="good">${say("booth-operator-done")}</p>`}</div>
      ${seen ? html`<${Drawn} ...${{ ...seen, studio, tuned, doing }} />` : html`<p>${say("booth-moment")}</p>`}
    </section>`;
}

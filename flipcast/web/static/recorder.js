// The recorder page: choose what is recorded, see it, record it. All it knows of the recorder it is told as news.
import { useEffect, useRef, useState } from "preact/hooks";
import { alarm, alarmsOf, ask, Dialog, Head, html, read, send, show, Spoken, Told, Trouble, useNews, useTries, useWishes } from "./desk.js";
import { watch } from "./pictures.js";
import { Proof } from "./proof.js";
import { Rushes } from "./rushes.js";
import { clock, say } from "./words.js";

const KINDS = ["screen", "camera", "microphone", "system"];
const LAYOUTS = ["keyed", "corner", "side-by-side", "screen", "camera"];
const IDLE = ["off", "opening", "ready", "failed", "done"];
const DEVICES_SECONDS = 5;

/** What can be chosen, asked for again now and then while nothing is recorded. */
function useDevices(idle, chosen) {
  const [devices, setDevices] = useState(null);
  const key = chosen.join("\n");
  useEffect(() => {
    if (!idle) return undefined;
    let over = false;
    const look = () =>
      read("devices").then(
        found => over || setDevices(found.devices),
        () => {}, // that flipcast cannot be reached is said at the head of the page
      );
    look();
    const again = setInterval(() => document.visibilityState === "visible" && look(), DEVICES_SECONDS * 1000);
    return () => {
      over = true;
      clearInterval(again);
    };
  }, [idle, key]);
  return devices;
}

function Picture({ track, label, width, height, rate, ...more }) {
  const canvas = useRef(null);
  useEffect(() => watch(track, canvas.current, { width, height, rate }), [track, width, height, rate]);
  return html`<canvas ref=${canvas} role="img" aria-label=${label} ...${more}></canvas>`;
}

/** How loud it is; a little slower to fall than to rise, as eyes like it. */
function Level({ track }) {
  const shown = useRef(-60);
  shown.current = Math.max(track.level, shown.current - 4);
  const words = say("level", { device: track.device });
  return html`<meter min="-60" max="0" low="-50" high="-6" optimum="-20" value=${shown.current} aria-label=${words}></meter>`;
}

/** Who is seen where, live. */
function Stage({ studio }) {
  const seen = studio.tracks.filter(track => track.level === null);
  const screen = seen.find(track => track.kind === "screen");
  const camera = seen.find(track => track.kind === "camera");
  const keyed = camera && studio.green && (studio.layout === "keyed" || !screen);
  const layout = keyed ? "keyed" : screen && camera ? studio.layout : screen ? "screen" : "camera";
  const key = keyed && studio.key?.works ? { name: studio.key.name, device: say("layout-keyed") } : null;
  const first = key ?? (layout === "camera" || keyed ? camera : screen);
  const second = layout === "corner" || layout === "side-by-side" ? camera : null;
  return html`<div class="stage" data-layout=${layout}>
    ${first
      ? html`<${Picture} key=${first.name} track=${first.name} label=${first.device} width=${1280} height=${720} rate=${30} class="first" />`
      : html`<p>${say(studio.chosen.length ? "no-picture" : "nothing-chosen")}</p>`}
    ${second && html`<${Picture} key=${second.name} track=${second.name} label=${second.device} width=${640} height=${360} rate=${30} class="second" />`}
    ${keyed && !key && html`<p class="veil">${say("key-begins")}</p>`}
    ${studio.state === "paused" && html`<p class="veil">${say("state-paused")}</p>`}
    ${studio.state === "counting" && html`<p class="count" aria-hidden="true">${Math.ceil(studio.seconds)}</p>`}
  </div>`;
}

const words = scene => scene.name || say(`scene-${scene.id}`);

/** What may stand behind the speaker. */
function Gallery({ studio, idle, tried, wishing }) {
  const [scenes, setScenes] = useState([]);
  const input = useRef(null);
  const [brings, setBrings] = useState(false);
  const look = () =>
    read("scenes").then(
      found => setScenes(found.scenes),
      () => {}, // that flipcast cannot be reached is said at the head of the page
    );
  useEffect(() => void look(), []);
  const stand = scene => ask("greenscreen", { green: true, scene });
  const bring = async event => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    setBrings(true);
    await tried(async () => {
      const brought = await send(`background?name=${encodeURIComponent(file.name.slice(-300))}`, file);
      await look();
      await stand(brought.id);
    });
    setBrings(false);
  };
  const takeOut = scene => tried(async () => (await ask("scenes/out", { scene }), look()));
  const screen = kindsOf(studio).includes("screen");
  const here = studio.scene || (screen ? "slides" : "night");
  return html`<fieldset class="gallery" disabled=${!idle}>
    <legend>${say("behind")}</legend>
    ${scenes
      .filter(scene => screen || scene.kind !== "slides")
      .map(
        scene => html`<label key=${scene.id} class=${`scene ${scene.kind} ${scene.id}`}>
          <input type="radio" name="scene" class="unseen" checked=${scene.id === here}
            onChange=${() => wishing({ scene: scene.id }, () => tried(() => stand(scene.id)))} />
          <span class="swatch" aria-hidden="true">${scene.picture && html`<img src=${scene.picture} alt="" loading="lazy" />`}</span>
          <span>${words(scene)}</span>
        </label>`,
      )}
    <div class="row">
      <input ref=${input} type="file" id="background" hidden accept="image/png,image/jpeg,image/webp" onChange=${bring} />
      <button type="button" disabled=${brings} onClick=${() => input.current.click()}>${say(brings ? "scene-brings" : "scene-bring")}</button>
      ${scenes
        .filter(scene => scene.own && scene.id === here)
        .map(scene => html`<button type="button" onClick=${() => takeOut(scene.id)}>${say("scene-out", { name: scene.name })}</button>`)}
    </div>
  </fieldset>`;
}

/** Looking at the empty screen: step out, wait, read what could be better. */
function Tuning({ onClose }) {
  const [failure, tried] = useTries();
  const [left, setLeft] = useState(null);
  const [says, setSays] = useState(null);
  useEffect(() => {
    if (left === null) return undefined;
    if (left > 0) {
      const next = setTimeout(() => setLeft(left - 1), 1000);
      return () => clearTimeout(next);
    }
    let over = false;
    tried(() => ask("tune")).then(found => {
      if (over) return;
      setLeft(null);
      if (found) setSays(found.says);
    });
    return () => {
      over = true;
    };
  }, [left]);
  const busy = left !== null;
  return html`<${Dialog} title=${say("tune")} onClose=${onClose}>
    <${Trouble} failure=${failure} />
    ${says === null
      ? html`<p>${say("tune-how")}</p>`
      : says.length
        ? html`<p>${say("tune-kept")}</p><ul class="says">${says.map(text => html`<li><${Told} text=${text} /></li>`)}</ul>`
        : html`<p>${say("tune-well")}</p>`}
    <p role="status">${busy && (left > 0 ? say("tune-wait", { seconds: left }) : say("tune-looks"))}</p>
    <p class="row">
      <button type="button" class="main" disabled=${busy} onClick=${() => (setSays(null), setLeft(5))}>${say(says === null ? "tune-begin" : "tune-again")}</button>
      <button type="button" onClick=${onClose}>${say("close")}</button>
    </p>
  </${Dialog}>`;
}

/** The green screen: on or off, what is behind, and what could be better about it. */
function Green({ studio, idle, tried, wishing }) {
  const [tuning, setTuning] = useState(false);
  const turn = green => wishing({ green }, () => tried(() => ask("greenscreen", { green, scene: studio.scene })));
  if (!kindsOf(studio).includes("camera")) return null;
  return html`<div>
    <div class="row">
      <label class="tick"><input type="checkbox" checked=${studio.green} disabled=${!idle}
        onChange=${event => turn(event.target.checked)} />${say("green")}</label>
      ${studio.green && html`<button type="button" disabled=${studio.state !== "ready"} onClick=${() => setTuning(true)}>${say("tune")}</button>`}
    </div>
    ${studio.green && html`<${Gallery} ...${{ studio, idle, tried, wishing }} />`}
    ${studio.green && studio.key?.advice.length ? html`<ul class="says">${studio.key.advice.map(id => html`<li>${say(`advice-${id}`)}</li>`)}</ul>` : null}
    ${tuning && html`<${Tuning} onClose=${() => setTuning(false)} />`}
  </div>`;
}

function Layouts({ studio, tried, wishing }) {
  const kinds = kindsOf(studio);
  if (!kinds.includes("screen") || !kinds.includes("camera")) return null;
  return html`<fieldset class="layouts">
    <legend class="unseen">${say("layout")}</legend>
    ${LAYOUTS.filter(layout => layout !== "keyed" || studio.green).map(
      layout =>
        html`<label class="tick"><input type="radio" name="layout" checked=${studio.layout === layout}
          onChange=${() => wishing({ layout }, () => tried(() => ask("layout", { layout })))} />${say(`layout-${layout}`)}</label>`,
    )}
  </fieldset>`;
}

/** A screen that is not chosen yet, now and then; its sign where it cannot be seen. */
function Glance({ from }) {
  const [shown, setShown] = useState("");
  useEffect(() => {
    let over = false;
    let address = "";
    const look = async () => {
      if (document.visibilityState === "hidden") return;
      const answer = await fetch(`glance?from=${encodeURIComponent(from)}`).catch(() => null);
      const picture = answer?.ok ? await answer.blob() : null;
      if (over) return;
      URL.revokeObjectURL(address);
      address = picture ? URL.createObjectURL(picture) : "";
      setShown(address);
    };
    look();
    const again = setInterval(look, DEVICES_SECONDS * 1000);
    return () => {
      over = true;
      clearInterval(again);
      URL.revokeObjectURL(address);
    };
  }, [from]);
  return shown ? html`<img src=${shown} alt="" />` : html`<span class="mark screen"></span>`;
}

function Source({ device, studio, idle, onToggle }) {
  const chosen = studio.chosen.includes(device.from);
  const of = studio.chosen.filter(name => kindOf(name) === device.kind);
  const nth = of.indexOf(device.from);
  const track = chosen && studio.tracks.find(one => one.name === (nth ? `${device.kind}-${nth + 1}` : device.kind));
  return html`<li>
    <button type="button" class="source" aria-pressed=${chosen} disabled=${!idle || (!device.here && !chosen)} onClick=${onToggle}>
      <span class="shot" aria-hidden="true">${
        track && track.level === null
          ? html`<${Picture} track=${track.name} label="" width=${320} height=${180} rate=${8} />`
          : idle && !chosen && device.kind === "screen" && device.here
            ? html`<${Glance} from=${device.from} />`
            : html`<span class=${`mark ${device.kind}`}></span>`
      }</span>
      <span class="name">${device.name}${device.here ? null : html` <span class="faint">${say("not-here")}</span>`}</span>
    </button>
    ${track && track.level !== null ? html`<${Level} track=${track} />` : null}
    ${track?.alarm ? html`<p class="alarm">${alarm({ cause: track.alarm, kind: track.kind })}</p>` : null}
  </li>`;
}

function kindOf(name) {
  const kind = name.split(":")[0];
  return { window: "screen", slides: "screen", pattern: "camera", tone: "microphone" }[kind] ?? kind;
}

/** What is chosen, whether it is open yet or not: what can be set about it stays where it is while it opens. */
const kindsOf = studio => studio.chosen.map(kindOf);

/** What is chosen, as far as its name tells: for the middle of a take, whose devices are its own, and until they are looked for. */
const chosenOf = studio =>
  studio.chosen.map(from => ({ from, kind: kindOf(from), name: from.slice(from.indexOf(":") + 1).replace("http://", ""), here: true }));

function Sources({ studio, idle, tried, wishing }) {
  const found = useDevices(idle, studio.chosen);
  const known = new Set(found?.map(device => device.from));
  const devices = found || !idle ? [...(found ?? []), ...chosenOf(studio).filter(one => !known.has(one.from))] : null;
  const [address, setAddress] = useState("");
  if (devices === null) return html`<p class="faint">${say("looking")}</p>`;
  const toggle = from => {
    const chosen = studio.chosen.includes(from) ? studio.chosen.filter(one => one !== from) : [...studio.chosen, from];
    const change = { chosen, state: chosen.length ? "opening" : "off", commands: [] };
    return wishing(change, () => tried(() => ask("choose", { sources: chosen })));
  };
  const add = async event => {
    event.preventDefault();
    const from = address.includes("://") ? `camera:${address.trim()}` : address.trim();
    if (await tried(() => ask("choose", { sources: [...studio.chosen, from] }))) setAddress("");
  };
  return html`${KINDS.map(kind => {
      const rows = devices.filter(device => device.kind === kind);
      if (!rows.length && (kind === "system" || !found)) return null;
      return html`<section key=${kind} aria-labelledby=${`kind-${kind}`}>
        <h3 id=${`kind-${kind}`}>${say(`kind-${kind}`)}</h3>
        ${rows.length
          ? html`<ul class="sources">${rows.map(
              device => html`<${Source} key=${device.from} ...${{ device, studio, idle, onToggle: () => toggle(device.from) }} />`,
            )}</ul>`
          : html`<p class="faint">${say(`none-${kind}`)}</p>`}
      </section>`;
    })}
    <details>
      <summary>${say("more-sources")}</summary>
      <form class="row" onSubmit=${add}>
        <label class="grow">${say("address")}<input value=${address} disabled=${!idle} placeholder="http://…"
          onInput=${event => setAddress(event.target.value)} /></label>
        <button type="submit" disabled=${!idle || !address.trim()}>${say("add")}</button>
      </form>
      <p class="row">
        <button type="button" disabled=${!idle} onClick=${() => toggle("pattern")}>${say("test-picture")}</button>
        <button type="button" disabled=${!idle} onClick=${() => toggle("tone")}>${say("test-tone")}</button>
      </p>
    </details>`;
}

function Light({ studio }) {
  const words = studio.alarms.length
    ? alarmsOf(studio).join(" ")
    : studio.trouble
      ? ""
    : studio.state === "opening"
      ? say("state-opening")
    : studio.light === "amber"
      ? studio.room !== null && studio.room < 900
        ? say("room-scarce", { minutes: Math.floor(studio.room / 60) })
        : say("late", { count: studio.late })
      : studio.light === "green"
        ? say("all-well")
        : "";
  const light = studio.trouble || studio.state === "opening" ? "off" : studio.light;
  return html`<p class=${`light ${light}`}><span class="lamp" aria-hidden="true"></span><span>${words}</span></p>`;
}

/** How long can still be recorded; nobody reads the seconds of a day. */
function room(seconds) {
  return seconds < 2 * 3600 ? say("left-minutes", { count: Math.floor(seconds / 60) }) : say("left-hours", { count: Math.floor(seconds / 3600) });
}

function Controls({ studio, title, tried }) {
  const can = command => studio.commands.includes(command);
  const order = (command, wish = {}) => tried(() => ask(`recorder/${command}`, wish));
  const running = !IDLE.includes(studio.state);
  const first = useRef(null);
  useEffect(() => {
    if (document.activeElement === document.body) first.current?.focus({ preventScroll: true });
  }, [running]);
  return html`<div class="controls">
    ${running
      ? html`<button ref=${first} type="button" class="big stop" disabled=${!can("stop")} onClick=${() => order("stop")}>
          <span class="square" aria-hidden="true"></span>${say(studio.state === "counting" ? "call-off" : "stop")}</button>`
      : html`<button ref=${first} type="button" class="big record" disabled=${!can("roll")} onClick=${() => order("roll", { title })}>
          <span class="dot" aria-hidden="true"></span>${say("record")}</button>`}
    <p class="time" role="timer" aria-live="off">
      <span class="clock">${clock(studio.state === "counting" ? 0 : Math.floor(running ? studio.seconds : 0))}</span>
      ${studio.room !== null && html`<span class="faint">${room(studio.room)}</span>`}
    </p>
    ${running && html`<div class="row">
      ${studio.state === "paused"
        ? html`<button type="button" class="main" disabled=${!can("resume")} onClick=${() => order("resume")}>${say("resume")}</button>`
        : html`<button type="button" disabled=${!can("pause")} onClick=${() => order("pause")}>${say("pause")}</button>`}
      <button type="button" disabled=${!can("mark")} onClick=${() => order("mark")}>${say("mark")}${
        studio.markers ? html` <span class="badge">${studio.markers}</span>` : null
      }</button>
    </div>`}
    <${Light} studio=${studio} />
  </div>`;
}

function Last({ last }) {
  const [watching, setWatching] = useState(false);
  const own = useRef(null);
  useEffect(() => {
    setWatching(false);
    own.current.scrollIntoView({ block: "nearest" });
  }, [last.name]);
  return html`<section ref=${own} class="sheet last" aria-labelledby="last-title">
    <h2 id="last-title">${say("kept", { title: last.title })}</h2>
    <p><strong>${clock(last.seconds)}</strong> · <${Told} text=${last.take.verdict} /></p>
    <p class="row"><a class="button main" href=${`library#${last.name}`}>${say("finish")}</a>
      <button type="button" aria-expanded=${watching} onClick=${() => setWatching(!watching)}>${say("watch-take")}</button></p>
    ${watching && html`<${Rushes} name=${last.name} />`}
    <details><summary>${say("proof")}</summary>${last.take.outcome && html`<${Proof} take=${last.take} />`}</details>
  </section>`;
}

/** What is worth saying aloud: where the recorder stands, and what goes wrong; never the clock. */
function spokenOf(studio) {
  if (studio.alarms.length) return alarmsOf(studio).join(" ");
  const states = ["opening", "ready", "counting", "rolling", "paused", "stopping"];
  return states.includes(studio.state) ? say(`state-${studio.state}`) : "";
}

function Recorder() {
  const [studio, wishing] = useWishes(useNews("studio"));
  const [failure, tried, forget] = useTries();
  const [title, setTitle] = useState("");
  useEffect(() => {
    const rolling = studio && !IDLE.includes(studio.state);
    document.title = `${rolling ? "● " : ""}${say("page-recorder")} – flipcast`;
  }, [studio?.state]);
  if (!studio) return html`<${Head} here="recorder" /><main><p class="faint">${say("looking")}</p></main>`;
  const idle = IDLE.includes(studio.state);
  const doing = work => tried(async () => ((await work()), true));
  const wishes = { studio, idle, tried: doing, wishing };
  return html`<${Head} here="recorder" />
    <main class="recorder" data-state=${studio.state}>
      <h1 class="unseen">${say("page-recorder")}</h1>
      <div class="left">
        <${Trouble} failure=${failure ?? studio.trouble} onClose=${failure ? forget : null} />
        <${Stage} studio=${studio} />
        <${Controls} studio=${studio} title=${title} tried=${doing} />
        <${Spoken} text=${spokenOf(studio)} />
        ${idle && studio.last && html`<${Last} last=${studio.last} />`}
        <${Layouts} ...${wishes} />
        <${Green} ...${wishes} />
      </div>
      <div class="right">
        <section class="sheet">
          ${idle
            ? html`<label>${say("title")}<input value=${title} maxlength="200" placeholder=${say("title-hint")}
                onInput=${event => setTitle(event.target.value)} /></label>`
            : html`<p><span class="faint">${say("title")}</span><br /><strong>${studio.title}</strong></p>`}
        </section>
        <section class="sheet" aria-labelledby="sources-title">
          <h2 id="sources-title">${say("sources")}</h2>
          <${Sources} ...${wishes} />
        </section>
      </div>
    </main>`;
}

show(Recorder, "page-recorder");

// The booth on somebody's phone: send slides before, see how far the lecture is after, and get it.
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure, failureOf, html, sentence, show, Spoken, Told, Trouble, useTries } from "./desk.js";
import { clock, say } from "./words.js";

const OFTEN = 2000;
const SELDOM = 15000;
const PATIENCE = 120000;
const KINDS = ".pdf,.pptx,.ppsx,.odp,image/png,image/jpeg,image/webp";

/** How everything stands, asked for again and again; `here` is false while the booth does not answer. */
function useStanding() {
  const [state, setState] = useState(null);
  const [here, setHere] = useState(true);
  useEffect(() => {
    let over = false;
    let next = 0;
    let rare = false;
    const look = async () => {
      clearTimeout(next);
      try {
        const answer = await fetch("state");
        const gone = [403, 404].includes(answer.status);
        if (!gone && !answer.ok) throw new Error(answer.statusText);
        const found = gone ? { step: "gone" } : await answer.json();
        if (over) return;
        rare = gone;
        setState(found);
        setHere(true);
      } catch {
        if (!over) setHere(false);
      }
      if (!over) next = setTimeout(look, rare || document.visibilityState === "hidden" ? SELDOM : OFTEN);
    };
    const seen = () => document.visibilityState === "visible" && look();
    document.addEventListener("visibilitychange", seen);
    look();
    return () => {
      over = true;
      clearTimeout(next);
      document.removeEventListener("visibilitychange", seen);
    };
  }, []);
  return [state, here];
}

const AWAY = () => Object.assign(new Failure(say("phone-away"), say("phone-away-hint")), { again: true });

/** Send one file, the one at place `at`; `far` is told how much of it has gone, 0 to 1. */
function sendOnce(file, at, far) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", `slides?at=${at}&name=${encodeURIComponent(file.name.slice(-300))}`);
    request.responseType = "json";
    request.upload.onprogress = event => event.lengthComputable && far(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 200) return done();
      const failure = failureOf(request.response);
      failed(Object.assign(failure, { again: request.status === 423 }));
    };
    request.onerror = () => failed(AWAY());
    request.send(file);
  });
}

/** Send one file, and again where the network drops meanwhile, or the booth still waits for what was cut off. */
async function send(file, at, far) {
  for (let since = 0; ; ) {
    try {
      return await sendOnce(file, at, far);
    } catch (failure) {
      since ||= Date.now();
      if (!failure.again || Date.now() - since > PATIENCE) throw failure;
    }
    await new Promise(done => setTimeout(done, OFTEN));
  }
}

function Prepare({ state }) {
  const [failure, tried, forget] = useTries();
  const [share, setShare] = useState(null);
  const [sent, setSent] = useState("");
  const input = useRef(null);
  const chosen = async event => {
    const files = [...event.target.files];
    event.target.value = "";
    if (!files.length) return;
    setSent("");
    setShare(0);
    await tried(async () => {
      if (files.reduce((sum, file) => sum + file.size, 0) > state.most)
        throw new Failure(say("phone-much", { most: Math.round(state.most / 1e6) }), say("phone-much-hint"));
      for (const [at, file] of files.entries()) await send(file, at, part => setShare((at + part) / files.length));
      setShare(1);
      const answer = await fetch("show", { method: "POST" }).catch(() => {
        throw AWAY();
      });
      const said = await answer.json().catch(() => null);
      if (!answer.ok) throw failureOf(said);
      setSent(said.title);
    });
    setShare(null);
  };
  const words = share === null ? "" : share < 1 ? say("phone-sending", { percent: Math.round(share * 100) }) : say("phone-drawing");
  return html`<section class="sheet">
    <h1>${say("phone-prepare")}</h1>
    <p>${say("phone-prepare-how")}</p>
    <${Trouble} failure=${failure} onClose=${forget} />
    <input ref=${input} type="file" id="file" hidden accept=${KINDS} multiple onChange=${chosen} />
    <button type="button" class="main wide" disabled=${share !== null} onClick=${() => input.current.click()}>${say("phone-choose")}</button>
    ${share !== null && html`<p id="far">${words}</p><progress aria-labelledby="far" max="1" value=${share < 1 ? share : undefined}></progress>`}
    ${share === null && (sent || state.deck) && html`<p class="good" role="status">${say("phone-in", { title: sent || state.deck })}</p>`}
    <p class="faint">${say("phone-keep-open")}</p>
  </section>`;
}

function Working({ state }) {
  const left = state.left === null ? "" : say("phone-left", { time: clock(state.left) });
  return html`<section class="sheet">
    <h1>${say("phone-working")}</h1>
    ${state.title && html`<p><strong>${state.title}</strong></p>`}
    <progress max="1" value=${state.share || undefined} aria-label=${say("phone-working")}></progress>
    <p>${left}</p>
    ${state.trouble && html`<p class="trouble"><span>${say("phone-again")}<br /><small><${Told} text=${state.trouble} change=${sentence} /></small></span></p>`}
    <p class="faint">${say("phone-come-back")}</p>
  </section>`;
}

function Ready({ state }) {
  return html`<section class="sheet">
    <h1>${say("phone-ready")}</h1>
    ${state.title && html`<p><strong>${state.title}</strong></p>`}
    ${state.page && html`<p><a class="button main wide" href=${state.page} rel="noreferrer">${say("phone-watch")}</a></p>`}
    ${state.film && html`<p><a class=${state.page ? "button wide" : "button main wide"} href="film" download>${say("phone-download")}</a></p>`}
    <p class="faint">${say("phone-days")}</p>
  </section>`;
}

const plain = (head, how) => () => html`<section class="sheet"><h1>${say(head)}</h1><p>${say(how)}</p></section>`;
const STEPS = {
  prepare: Prepare,
  recording: plain("phone-recording", "phone-recording-how"),
  review: plain("phone-review", "phone-review-how"),
  working: Working,
  ready: Ready,
  left: plain("phone-over", "phone-over-how"),
  gone: plain("phone-gone", "phone-gone-how"),
};

function Phone() {
  const [state, here] = useStanding();
  const Step = state && STEPS[state.step];
  return html`<main class="phone">
    <p class="brand"><img src="static/icon.svg" alt="" width="28" height="28" />flipcast</p>
    <div role="alert">${!here && html`<p class="trouble"><span>${say("phone-away")} ${say("phone-away-hint")}</span></p>`}</div>
    ${Step ? html`<${Step} state=${state} />` : html`<p class="faint">${say("phone-looking")}</p>`}
    <${Spoken} text=${state ? say(`phone-said-${state.step}`) : ""} />
  </main>`;
}

show(Phone, "phone-title");

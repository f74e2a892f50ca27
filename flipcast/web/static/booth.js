// The booth: one page, full screen, that draws whatever step the server is at. It keeps nothing of a person itself.
import { useEffect, useRef, useState } from "preact/hooks";
import { Corner, PinPad } from "./booth-corner.js";
import { Big, Settled } from "./booth-parts.js";
import { Attract, Closing, Counting, Handover, Mark, Recording, Review, Thanks, useTurning } from "./booth-steps.js";
import { alarmsOf, ask, html, show, Spoken, useNews, useTries } from "./desk.js";
import { say } from "./words.js";

const STEPS = { attract: Attract, mark: Mark, counting: Counting, recording: Recording, closing: Closing,
  review: Review, handover: Handover, thanks: Thanks };
const SETTLED_MS = 400; // a second tap of the same finger is not meant for the next step
const STAY_MS = 3000;
const STILL_MS = 3000;
const PIN_MS = 30000;
const FORWARD = ["PageDown", "ArrowRight", "ArrowDown", " "];
const BACK = ["PageUp", "ArrowLeft", "ArrowUp"];
const BARE = ["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Tab", "Escape", "Dead", "Unidentified"];

/** A kiosk is not a document: nothing is selected, dragged, or asked for by a long touch; the arrow goes when it rests. */
function useKiosk() {
  useEffect(() => {
    const refuse = event => event.preventDefault();
    const refused = ["contextmenu", "selectstart", "dragstart"];
    for (const kind of refused) addEventListener(kind, refuse);
    let rest = 0;
    const moved = () => {
      document.body.classList.remove("resting");
      clearTimeout(rest);
      rest = setTimeout(() => document.body.classList.add("resting"), STILL_MS);
    };
    addEventListener("pointermove", moved);
    moved();
    return () => {
      for (const kind of refused) removeEventListener(kind, refuse);
      removeEventListener("pointermove", moved);
      clearTimeout(rest);
    };
  }, []);
}

/** Every touch says that somebody is still there. */
function useStay(step) {
  const said = useRef(-STAY_MS);
  useEffect(() => {
    if (["attract", "thanks", undefined].includes(step)) return undefined;
    const stay = () => {
      if (performance.now() - said.current < STAY_MS) return;
      said.current = performance.now();
      ask("booth/stay").catch(() => {}); // that the server cannot be reached is shown anyway
    };
    const kinds = ["pointerdown", "keydown"];
    for (const kind of kinds) addEventListener(kind, stay, true);
    return () => kinds.forEach(kind => removeEventListener(kind, stay, true));
  }, [step]);
}

/** Keys of a button, a clicker, a keyboard. */
function useKeys(step, press) {
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
    const pressed = event => {
      const strikes = event.key === "Enter" || event.key === " ";
      if (event.repeat && strikes) return event.preventDefault(); // a finger that stays presses once
      if (latest.current(event)) event.preventDefault();
    };
    // A button is pressed when the space bar is let go.
    const released = event => event.key === " " && latest.current(event, true) && event.preventDefault();
    addEventListener("keydown", pressed);
    addEventListener("keyup", released);
    return () => {
      removeEventListener("keydown", pressed);
      removeEventListener("keyup", released);
    };
  }, [step]);
}

function useSettled(step) {
  const [settled, setSettled] = useState(step);
  useEffect(() => {
    const soon = setTimeout(() => setSettled(step), SETTLED_MS);
    return () => clearTimeout(soon);
  }, [step]);
  return settled === step;
}

/** Asks whether somebody is still there, and says what happens if not. */
function StillThere({ booth }) {
  const own = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    own.current.showModal();
    return () => before?.focus({ preventScroll: true });
  }, []);
  const what = booth.step === "mark" && booth.takes > 1 ? "mark-again" : booth.step;
  const stay = () => ask("booth/stay").catch(() => {});
  return html`<dialog ref=${own} class="still" role="alertdialog" aria-labelledby="still-title" aria-describedby="still-what" onCancel=${stay}>
    <h2 id="still-title">${say("booth-still")}</h2>
    <p class="seconds">${say("booth-seconds", { count: booth.leaves })}</p>
    <p id="still-what">${say(`booth-leaves-${what}`)}</p>
    <${Big} kind="main" main onClick=${stay}>${say("booth-here")}<//>
  </dialog>`;
}

function spokenOf(booth, studio) {
  if (booth.step === "recording") {
    if (studio?.light === "red") return alarmsOf(studio).join(" ");
    if (booth.left !== null && booth.left < 10) return say("booth-last-seconds");
    if (booth.left !== null && booth.left < 60) return say("booth-last-minute");
  }
  return say(`booth-step-${booth.step}`);
}

function Booth() {
  const booth = useNews("booth");
  const studio = useNews("studio");
  const reach = useNews("reach");
  const [failure, tried, forget] = useTries();
  const [asksPin, setAsksPin] = useState(false);
  const [key, setKey] = useState("");
  const step = booth?.step;
  const settled = useSettled(step);
  const turning = useTurning(booth);
  const doing = (path, wish) => tried(async () => ((await ask(path, wish)), true));
  useKiosk();
  useStay(step);
  useEffect(() => {
    forget();
    if (step !== "attract") setAsksPin(false);
    if (step && step !== "operator") setKey("");
  }, [step]);
  useEffect(() => {
    if (!asksPin) return undefined;
    let end = 0;
    const wait = () => {
      clearTimeout(end);
      end = setTimeout(() => setAsksPin(false), PIN_MS);
    };
    wait();
    addEventListener("pointerdown", wait);
    addEventListener("keydown", wait);
    return () => {
      clearTimeout(end);
      removeEventListener("pointerdown", wait);
      removeEventListener("keydown", wait);
    };
  }, [asksPin]);

  useKeys(step, (event, release = false) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return false;
    const on = document.activeElement;
    if (step === "attract" && !asksPin) {
      if (event.key === "F10") return (release || setAsksPin(true), true);
      if (BARE.includes(event.key) || /^F\d+$/.test(event.key) || on?.classList.contains("brand-mark")) return false;
      if (!release && settled) doing("booth/begin");
      return true;
    }
    if (step === "mark" && settled) {
      const strikes = event.key === "PageDown" || ((event.key === "Enter" || event.key === " ") && (!on || on === document.body));
      if (strikes && !release) document.querySelector(".big.record")?.click();
      return strikes;
    }
    if (step === "recording") {
      if (event.key === " " && (!booth.deck || on?.closest(".turns"))) return false;
      const by = FORWARD.includes(event.key) ? 1 : BACK.includes(event.key) ? -1 : 0;
      if (by && !release) turning(by);
      return by !== 0;
    }
    return false;
  });

  if (reach === false || !booth)
    return html`<main class="booth waiting"><h1>${say(reach === false ? "booth-gone" : "booth-moment")}</h1></main>`;
  const Step = STEPS[step];
  return html`<${Settled.Provider} value=${settled}>
    <main class="booth" data-step=${asksPin ? "pin" : step} data-settled=${settled || null} key=${step}>
      ${step === "operator" && key
        ? html`<${Corner} code=${key} studio=${studio} onLost=${() => setKey("")} />`
        : step === "operator" || asksPin
          ? html`<${PinPad} onOpen=${setKey} onClose=${step === "operator" ? null : () => setAsksPin(false)} />`
          : html`<${Step} ...${{ booth, studio, failure, tried, doing, turning }} onOperator=${() => setAsksPin(true)} />`}
    </main>
    ${booth.leaves !== null && html`<${StillThere} booth=${booth} />`}
    <${Spoken} text=${spokenOf(booth, studio)} />
  <//>`;
}

show(Booth, "booth-title");

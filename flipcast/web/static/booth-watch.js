// What was just recorded, to be watched with fingers: its player's own controls are made for a mouse.
import { useEffect, useRef, useState } from "preact/hooks";
import { Big } from "./booth-parts.js";
import { html } from "./desk.js";
import { Rushes } from "./rushes.js";
import { clock, say } from "./words.js";

const EVENTS = ["loadedmetadata", "durationchange", "timeupdate", "seeked", "play", "pause", "ended"];
const NOTHING = { film: null, plays: false, at: 0, length: 0 };

export function Watch({ name }) {
  const own = useRef(null);
  const [{ film, plays, at, length }, setSeen] = useState(NOTHING);
  useEffect(() => {
    const hear = ({ target }) => {
      if (!target.classList.contains("large")) return;
      target.controls = false;
      const seconds = Number.isFinite(target.duration) ? target.duration : 0;
      setSeen({ film: target, plays: !target.paused && !target.ended, at: target.currentTime, length: seconds });
    };
    const place = own.current;
    for (const kind of EVENTS) place.addEventListener(kind, hear, true); // they do not bubble, but they can be caught
    return () => EVENTS.forEach(kind => place.removeEventListener(kind, hear, true));
  }, []);
  const toggle = () => film && (plays ? film.pause() : film.play().catch(() => {})); // what cannot be played stays as it is
  const seek = event => {
    film.currentTime = Number(event.target.value);
  };
  return html`<div class="watch">
    <div class="rushes-place" ref=${own} onClick=${toggle}><${Rushes} name=${name} /></div>
    <div class="playing">
      <${Big} mark=${plays ? "pause" : "play"} disabled=${!film} aria-label=${say(plays ? "booth-pause" : "booth-play")} onClick=${toggle}><//>
      <input type="range" min="0" max=${length || 1} step="0.1" value=${at} disabled=${!length} aria-label=${say("booth-position")}
        aria-valuetext=${clock(at)} onInput=${seek} />
      <p class="of">${clock(at)} / ${clock(length)}</p>
    </div>
  </div>`;
}

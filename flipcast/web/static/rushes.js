// A take that has just been recorded: its first film leads, with the sound; another follows it in the corner.
import { useEffect, useRef, useState } from "preact/hooks";
import { html, read, Trouble, useTries } from "./desk.js";
import { say } from "./words.js";

const APART = 0.1; // seconds that nobody notices
const EVENTS = ["play", "pause", "seeking", "seeked", "ratechange", "timeupdate", "ended"];

/** Keep `other` where `film` is, until the function it returns is called. */
function follow(film, other) {
  const step = () => {
    const apart = Math.abs(other.currentTime - film.currentTime);
    if (!other.seeking && apart > (film.paused ? 0.02 : APART)) other.currentTime = film.currentTime;
    other.playbackRate = film.playbackRate;
    if (film.paused && !other.paused) other.pause();
    else if (!film.paused && other.paused && !other.ended) other.play().catch(() => {}); // the next event tries again
  };
  for (const name of EVENTS) film.addEventListener(name, step);
  return () => {
    for (const name of EVENTS) film.removeEventListener(name, step);
  };
}

export function Rushes({ name }) {
  const [found, setFound] = useState(null);
  const [failure, tried] = useTries();
  const first = useRef(null);
  const second = useRef(null);
  useEffect(() => {
    let over = false;
    setFound(null);
    tried(() => read(`rushes/${name}`)).then(told => over || setFound(told ?? null));
    return () => {
      over = true;
    };
  }, [name]);
  useEffect(() => (first.current && second.current ? follow(first.current, second.current) : undefined), [found]);
  useEffect(() => {
    if (found) first.current.parentElement.scrollIntoView({ block: "nearest" });
  }, [found]);
  if (failure) return html`<${Trouble} failure=${failure} />`;
  if (!found) return html`<p class="rushes-wait" role="status">${say("rushes-loading")}</p>`;
  const [lead, other] = found.tracks;
  const words = track => say("rushes-of", { kind: say(`rushes-${track.kind}`) });
  return html`<div class="rushes">
    <video ref=${first} class="large" src=${lead.src} controls playsinline preload="auto" aria-label=${words(lead)}></video>
    ${other && html`<video ref=${second} class="small" src=${other.src} muted playsinline preload="auto" tabindex="-1" aria-label=${words(other)}></video>`}
  </div>`;
}

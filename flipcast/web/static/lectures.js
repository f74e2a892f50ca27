// The library page: every lecture, found by search, with what can be done with it now.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ask, Dialog, Head, html, read, sentence, show, Spoken, Told, Trouble, useNews, useTries } from "./desk.js";
import { Heading } from "./proof.js";
import { Rushes } from "./rushes.js";
import { clock, moment, say } from "./words.js";

/** The lecture that the address names after its #. */
function useNamed() {
  const [name, setName] = useState(location.hash.slice(1)); // short names have no letter that would be written otherwise
  useEffect(() => {
    const hear = () => setName(location.hash.slice(1));
    addEventListener("hashchange", hear);
    return () => removeEventListener("hashchange", hear);
  }, []);
  return name;
}

const busy = task => task && (task.state === "waiting" || task.state === "working");

function stageOf(lecture, task) {
  if (busy(task)) return say("stage-working");
  if (lecture.unfinished) return say("stage-unfinished");
  return say(`stage-${lecture.stage.replace(" ", "-")}`);
}

function Progress({ task, tried }) {
  const words =
    task.state === "waiting"
      ? say("work-waiting")
      : `${say(`step-${task.step || "examine"}`)}${task.left === null ? "" : ` · ${say("work-left", { time: clock(task.left) })}`}`;
  const id = `work-${task.name}`;
  return html`<div class="work">
    <p id=${id}>${words}</p>
    <progress max="1" value=${task.overall} aria-labelledby=${id}></progress>
    <button type="button" onClick=${() => tried(() => ask("stop", { name: task.name }))}>${say("work-stop")}</button>
  </div>`;
}

function Published({ lecture }) {
  const [copied, setCopied] = useState("");
  const copy = async (what, text) => {
    await navigator.clipboard.writeText(text).then(
      () => setCopied(what),
      () => setCopied(""), // not allowed here: the address stands there to be marked by hand
    );
  };
  return html`${lecture.publications.map(({ page, store }) => {
    const online = /^https?:/.test(page);
    const snippet = `<iframe src="${page}" width="960" height="600" allowfullscreen></iframe>`;
    const title = say("published-in", { store });
    return html`<section class="published" aria-label=${title}>
      <div class="grow">
        <label>${title}<input readonly value=${page} onFocus=${event => event.target.select()} /></label>
        <p class="row">
          <button type="button" onClick=${() => copy("page", page)}>${say("copy-address")}</button>
          ${online && html`<button type="button" onClick=${() => copy("snippet", snippet)}>${say("copy-snippet")}</button>`}
          <span role="status">${copied && say("copied")}</span>
        </p>
      </div>
      ${online && html`<img src=${`qr/${lecture.name}.svg`} width="132" height="132" alt=${say("code", { title: lecture.title })} />`}
    </section>`;
  })}`;
}

/** A word that was clicked: it is heard, and can be written otherwise. */
function Correcting({ word, onSave, onHear, onBegin, onClose }) {
  const [text, setText] = useState(word[2]);
  const own = useRef(null);
  useLayoutEffect(() => own.current.select(), []); // before anybody can type
  const save = event => {
    event.preventDefault();
    onSave(text.trim());
  };
  return html`<form class="correcting" onSubmit=${save} onKeyDown=${event => event.key === "Escape" && onClose()}>
    <label class="grow">${say("word", { time: clock(word[0]) })}<input ref=${own} value=${text} maxlength="200"
      onInput=${event => setText(event.target.value)} /></label>
    <button type="submit" class="main">${say(text.trim() ? "word-keep" : "word-remove")}</button>
    <button type="button" onClick=${onHear}>${say("word-hear")}</button>
    ${onBegin && html`<button type="button" onClick=${onBegin}>${say("clip-begin")}</button>`}
    <button type="button" onClick=${onClose}>${say("close")}</button>
  </form>`;
}

/** Where the lecture begins and ends: at the moment that the film shows. */
function Trim({ said, film, onTrim }) {
  const [start, end] = said.trim;
  const now = () => Math.round((film.current.currentTime + said.begins) * 100) / 100;
  const kept = (end ?? said.whole) - (start ?? 0);
  return html`<p class="row">
    <button type="button" onClick=${() => onTrim(now(), end)}>${say("trim-begin")}</button>
    <button type="button" onClick=${() => onTrim(start, now())}>${say("trim-end")}</button>
    <button type="button" disabled=${start === null && end === null} onClick=${() => onTrim(null, null)}>${say("trim-none")}</button>
    <span class="faint">${say("trim-kept", { from: clock(start ?? 0), to: clock(end ?? said.whole), time: clock(kept) })}</span>
  </p>`;
}

/** Words of the captions, names and borders of clips, beside the film. */
function Said({ lecture, tried, onChange }) {
  const [said, setSaid] = useState(null);
  const [at, setAt] = useState(null);
  const film = useRef(null);
  const until = useRef(0);
  useEffect(() => {
    tried(() => read(`said/${lecture.name}`)).then(found => found && setSaid(found));
  }, [lecture.name]);
  if (!said) return html`<p class="faint">${say("loading")}</p>`;
  const hear = word => {
    until.current = word[1] - said.begins + 0.6;
    film.current.currentTime = Math.max(0, word[0] - said.begins - 0.4);
    film.current.play();
  };
  const keep = (change, way = "correct") =>
    tried(async () => {
      await ask(way, { name: lecture.name, ...change });
      setSaid(await read(`said/${lecture.name}`));
      setAt(null);
      onChange();
    });
  return html`<div class="said">
    <video ref=${film} src=${`watch/${lecture.name}/${encodeURI(said.film)}`} controls preload="metadata" aria-label=${lecture.title}
      onTimeUpdate=${() => until.current && film.current.currentTime > until.current && ((until.current = 0), film.current.pause())}></video>
    <div>
      <${Trim} said=${said} film=${film} onTrim=${(start, end) => keep({ start, end }, "trim")} />
      ${at && html`<${Correcting} key=${at[0]} word=${at} onHear=${() => hear(at)} onClose=${() => setAt(null)}
        onBegin=${said.clips.some(clip => clip.words[0] === at) ? null : () => keep({ at: at[0], begins: true }, "border")}
        onSave=${text => keep({ start: at[0], end: at[1], was: at[2], text })} />`}
      ${said.clips.map(
        (clip, number) => html`<details key=${clip.start} open=${number === 0}>
          <summary>${clock(clip.start)} ${clip.title}</summary>
          <label>${say("clip-title")}<input value=${clip.title} maxlength="200"
            onChange=${event => keep({ start: clip.middle, text: event.target.value })} /></label>
          ${number > 0 && html`<button type="button" onClick=${() => keep({ at: said.begins + clip.start, begins: false }, "border")}>${say("clip-join")}</button>`}
          <p class="words">${clip.words.map(
            word => html`<button type="button" class=${word[3] < 0.5 ? "word unsure" : "word"} aria-pressed=${word === at}
              onClick=${() => (setAt(word), hear(word))}>${word[2]}</button> `,
          )}</p>
        </details>`,
      )}
    </div>
  </div>`;
}

function Open({ languages, lecture, task, tried, onDelete }) {
  const own = useRef(null);
  const addresses = useRef(lecture.publications?.length);
  const [called, setCalled] = useState(lecture);
  const [saying, setSaying] = useState(false);
  const [changed, setChanged] = useState(false);
  const [looking, setLooking] = useState(false);
  useEffect(() => {
    setCalled(lecture);
    setLooking(false);
    own.current.scrollIntoView({ block: "nearest" });
  }, [lecture.name]);
  useEffect(() => {
    if (addresses.current < lecture.publications?.length) own.current.parentElement.scrollIntoView({ block: "start" }); // what it was about
    addresses.current = lecture.publications?.length;
  }, [lecture.publications?.length]);
  const work = (what, wish = {}) => tried(() => ask(`work/${what}`, { name: lecture.name, ...wish }));
  const { title, course, language } = called;
  const call = event => setCalled({ ...called, [event.target.name]: event.target.value });
  const working = busy(task);
  const recording = lecture.stage === "recording" || lecture.stage === "begun";
  return html`<div class="open" ref=${own}>
    ${lecture.publications?.length ? html`<${Published} lecture=${lecture} />` : null}
    ${lecture.trouble && html`<p class="alarm"><${Told} text=${lecture.trouble} change=${sentence} /></p>`}
    ${lecture.takes?.map(take => html`<p class="faint"><${Heading} take=${take} /></p>`)}
    ${lecture.notes?.map(text => html`<p class="note"><${Told} text=${text} change=${sentence} /></p>`)}
    ${task?.trouble && html`<p class="alarm"><${Told} text=${task.trouble} change=${sentence} /></p>`}
    ${working && html`<${Progress} task=${task} tried=${tried} />`}
    ${!working && lecture.stage !== "damaged" && !recording && html`
      <form onSubmit=${event => (event.preventDefault(), setChanged(false), setSaying(false), work("process", { title, course, language }))}>
        <label>${say("lecture-title")}<input name="title" value=${title} maxlength="200" onInput=${call} /></label>
        <div class="row">
          <label class="grow">${say("lecture-course")}<input name="course" value=${course} maxlength="200" onInput=${call} /></label>
          <label>${say("lecture-language")}<select name="language" value=${language} onChange=${call}>
            <option value="">${say("lecture-language-heard")}</option>
            ${Object.entries(languages).map(([code, name]) => html`<option value=${code} lang=${code}>${name}</option>`)}
          </select></label>
        </div>
        <p class="row">
          ${lecture.unfinished ? html`<button type="button" class="main" onClick=${() => work("recover")}>${say("recover")}</button>` : null}
          <button type="submit" class=${lecture.made || lecture.unfinished ? "" : "main"}>${say(lecture.made ? "process-again" : "process")}</button>
          ${lecture.made && html`<a class="button" href=${`watch/${lecture.name}/`} target="_blank">${say("watch")}</a>`}
          ${lecture.made && html`<button type="button" class=${lecture.publications.length ? "" : "main"} onClick=${() => work("publish")}>${
            say(lecture.publications.length ? "publish-again" : "publish")
          }</button>`}
          <span class="grow"></span>
          <button type="button" class="danger" onClick=${onDelete}>${say("delete")}</button>
        </p>
      </form>`}
    ${lecture.takes?.length && !lecture.unfinished && !recording
      ? html`<details open=${looking} onToggle=${event => event.target === event.currentTarget && setLooking(event.target.open)}>
          <summary>${say("watch-takes")}</summary>
          ${looking && html`<${Rushes} name=${lecture.name} />`}
        </details>`
      : null}
    ${lecture.made && !working && html`<details open=${saying} onToggle=${event => event.target === event.currentTarget && setSaying(event.target.open)}>
        <summary>${say("correct")}</summary>
        ${changed && html`<p class="note" role="status">${say("corrected")}</p>`}
        ${saying && html`<${Said} lecture=${lecture} tried=${tried} onChange=${() => setChanged(true)} />`}
      </details>`}
  </div>`;
}

function Row({ languages, lecture, task, open, tried, onDelete }) {
  return html`<li class="sheet lecture">
    <h2><a href=${open ? "library#" : `library#${lecture.name}`} aria-expanded=${open}>
      <span class="title">${lecture.title}</span>
      <span class=${`stage ${lecture.stage}`}>${stageOf(lecture, task)}</span>
      <span class="faint">${lecture.course ? `${lecture.course} · ` : ""}${lecture.seconds ? `${clock(lecture.seconds)} · ` : ""}${moment(lecture.at * 1000)}</span>
    </a></h2>
    ${open && html`<${Open} languages=${languages} lecture=${lecture} task=${task} tried=${tried} onDelete=${onDelete} />`}
  </li>`;
}

function Lectures() {
  const library = useNews("library");
  const work = useNews("work") ?? {};
  const named = useNamed();
  const [wanted, setWanted] = useState("");
  const [asking, setAsking] = useState(null);
  const [gone, setGone] = useState(null);
  const [failure, tried, forget] = useTries();
  const remove = async lecture => {
    setAsking(null);
    const there = await tried(() => ask("delete", { name: lecture.name }));
    if (there) setGone({ title: lecture.title, name: there.name });
  };
  const restore = async name => {
    if ((await tried(() => ask("restore", { name }))) && gone?.name === name) setGone(null);
  };
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = library?.lectures.filter(({ title, course, name }) =>
    words.every(word => `${title} ${course} ${name}`.toLocaleLowerCase().includes(word)),
  );
  const active = Object.values(work).find(task => task.state === "working");
  const ended = Object.values(work).filter(task => task.state === "done" || task.state === "failed").at(-1);
  return html`<${Head} here="library" />
    <main class="library">
      <h1>${say("page-library")}</h1>
      <${Trouble} failure=${failure} onClose=${forget} />
      <${Spoken} text=${active ? say(`step-${active.step || "examine"}`) : ended ? say(`work-${ended.state}`) : ""} />
      ${Object.values(work)
        .filter(task => task.trouble && library && !library.lectures.some(({ name }) => name === task.name))
        .map(task => html`<p class="trouble"><${Told} text=${task.trouble} /></p>`)}
      <label class="search">${say("search")}<input type="search" value=${wanted} onInput=${event => setWanted(event.target.value)} /></label>
      ${gone && html`<p class="row undo" role="status"><span>${say("deleted", { title: gone.title })}</span>
        <button type="button" onClick=${() => restore(gone.name)}>${say("undo")}</button></p>`}
      ${found && !found.length && html`<p class="faint">${say(wanted ? "none-found" : "library-empty")}</p>`}
      <ul class="lectures">${found?.map(
        lecture => html`<${Row} key=${lecture.name} languages=${library.languages} lecture=${lecture} task=${work[lecture.name]} open=${lecture.name === named}
          tried=${tried} onDelete=${() => setAsking(lecture)} />`,
      )}</ul>
      ${library?.trash.length
        ? html`<details class="sheet"><summary>${say("trash", { count: library.trash.length })}</summary>
            <ul class="trash">${library.trash.map(
              one => html`<li key=${one.name} class="row"><span class="grow">${one.title}</span>
                <button type="button" aria-label=${say("undo-one", { title: one.title })} onClick=${() => restore(one.name)}>${say("undo")}</button></li>`,
            )}</ul></details>`
        : null}
      ${library && html`<p class="faint">${say("lies-in", { folder: library.folder })}</p>`}
      ${asking && html`<${Dialog} title=${say("delete-really", { title: asking.title })} onClose=${() => setAsking(null)}>
        <p>${say("delete-means")}</p>
        <p class="row"><button type="button" class="danger" onClick=${() => remove(asking)}>${say("delete")}</button>
        <button type="button" autofocus onClick=${() => setAsking(null)}>${say("keep")}</button></p>
      </${Dialog}>`}
    </main>`;
}

show(Lectures, "page-library");

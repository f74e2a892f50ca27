"""Put a lecture together from what the steps made: files by name, playlists, captions, clips, report.

It is built in a folder of its own and takes the place of the old one in a blink, so that nobody ever meets half a
lecture. Nothing is encoded here, and where the disk allows it not even copied: the files get second names.
"""

from __future__ import annotations

import shutil
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from capture.description import to_json, write_whole
from process import downloads, fmp4, hls, lecture
from process.captions.cues import Cue, cues_between, to_srt, to_text, to_webvtt
from process.captions.engine import Captions
from process.captions.layout import lay_out
from process.captions.transcript import Transcript
from process.chapters import Chapter
from process.clips import Clip
from process.encode import Encoded
from process.fmp4 import Film
from process.hls import Part
from process.languages import own_name
from process.lecture import (
    AudioRendition,
    CaptionTrack,
    ClipFiles,
    KeyedTrack,
    Lecture,
    Rendition,
    Report,
    StepTime,
    Thumbnails,
)
from process.loudness import Heard, Levelled
from process.quality import Judged
from process.step import Done, explained, place
from process.thumbnails import Pictures, drawn_waveform, poster, write_vtt

_PRIMING = 1
"""AAC frames before the first sound: ffmpeg's encoder puts 1024 samples there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """All that the steps gave for one lecture."""

    title: str
    seconds: float
    heard: Done[Heard]
    levelled: Done[Levelled] | None
    encoded: Done[Encoded] | None
    judged: Done[Judged] | None
    transcript: Transcript | None
    clips: tuple[Clip, ...]
    chapters: tuple[Chapter, ...]
    segments: tuple[float, ...]
    """Seconds at which segments begin."""
    steps: tuple[StepTime, ...]
    notes: tuple[str, ...]
    recipe: str
    course: str = ""
    keyed: tuple[KeyedTrack, ...] = ()
    begins: float = 0.0
    whole_seconds: float | None = None


def assemble(made: Made, folder: Path, *, captions: Captions, pictures: Pictures, stop: threading.Event) -> Lecture:
    """Make the lecture of *made* in *folder*, in place of the one that may be there.

    Raises:
        Stopped: *stop* was set; the old lecture is as it was.
        NoRoom: the disk is full; likewise.
    """
    building = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}.partial")
    gone = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}.old.partial")
    try:
        with explained(folder.parent):
            building.mkdir(parents=True)
            whole = _Assembly(building, made, stop).lecture(captions, pictures)
            lecture.write(whole, building)
            if folder.exists():
                folder.rename(gone)
            building.rename(folder)
        return whole
    finally:
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(gone, ignore_errors=True)


class _Assembly:
    """One lecture on its way into its folder."""

    def __init__(self, folder: Path, made: Made, stop: threading.Event) -> None:
        self.folder, self.made, self.stop = folder, made, stop
        self.films: dict[str, Film] = {}

    def lecture(self, captions: Captions, pictures: Pictures) -> Lecture:
        made = self.made
        renditions = self._renditions()
        audio = self._audio()
        cues = lay_out(made.transcript, captions) if made.transcript else ()
        tracks = self._captions(cues)
        clips = self._clips(renditions, audio, tracks, cues)
        thumbnails = self._thumbnails()
        heard = made.heard.value
        self._write("poster.jpg", self._poster(pictures))
        self._write("chapters.vtt", to_webvtt(Cue(start=c.start, end=c.end, lines=(c.title,)) for c in made.chapters))
        if audio:
            points = {"seconds_per_point": made.seconds / max(1, len(heard.waveform)), "peaks": heard.waveform}
            self._write("waveform.json", to_json(points))
        self._write("master.m3u8", hls.master_playlist(renditions, audio, tracks))
        return Lecture(
            title=made.title,
            course=made.course,
            seconds=made.seconds,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_by=f"flipcast {version('flipcast')}",
            master="master.m3u8",
            renditions=renditions,
            audio=audio,
            captions=tracks,
            clips=clips,
            chapters="chapters.vtt",
            poster="poster.jpg",
            thumbnails=thumbnails,
            waveform="waveform.json" if audio else "",
            download=_DOWNLOAD,
            notes=made.notes,
            keyed=made.keyed,
            begins=made.begins,
            whole_seconds=made.whole_seconds,
            report=self._report(),
            recipe=made.recipe,
        )

    def _renditions(self) -> tuple[Rendition, ...]:
        if self.made.encoded is None:
            return ()
        encoded, judged = self.made.encoded.value, self.made.judged
        found = []
        for number, (rung, file) in enumerate(zip(encoded.rungs, encoded.files, strict=True)):
            film = self._film(self.made.encoded.folder / file, file)
            mean, peak = hls.bandwidths(film)
            stem = Path(file).stem
            self._write(f"{stem}.m3u8", hls.media_playlist(film, file))
            self._write(f"{stem}-iframes.m3u8", hls.iframe_playlist(film, file))
            found.append(
                Rendition(
                    name=rung.name,
                    file=file,
                    playlist=f"{stem}.m3u8",
                    iframes=f"{stem}-iframes.m3u8",
                    width=rung.width,
                    height=rung.height,
                    rate=encoded.rate,
                    codecs=film.codecs,
                    average_bps=mean,
                    peak_bps=peak,
                    size_bytes=film.size,
                    copied=rung.copied,
                    ssim=judged.value.ssim[number] if judged else None,
                    vmaf=judged.value.vmaf[number] if judged else None,
                )
            )
        return tuple(found)

    def _audio(self) -> AudioRendition | None:
        if self.made.levelled is None:
            return None
        file = "audio.mp4"
        fmp4.refragment(
            self.made.levelled.folder / self.made.levelled.value.file,
            self.folder / file,
            self.made.segments,
            skip=_PRIMING,
        )
        film = self._film(self.folder / file, file)
        mean, peak = hls.bandwidths(film)
        self._write("audio.m3u8", hls.media_playlist(film, file))
        return AudioRendition(
            file=file,
            playlist="audio.m3u8",
            codecs=film.codecs,
            channels=2,
            average_bps=mean,
            peak_bps=peak,
            size_bytes=film.size,
        )

    def _captions(self, cues: tuple[Cue, ...]) -> tuple[CaptionTrack, ...]:
        transcript = self.made.transcript
        if transcript is None or not cues:
            return ()
        stem = f"captions.{transcript.language or 'und'}"
        self._write(f"{stem}.vtt", to_webvtt(cues))
        self._write(f"{stem}.srt", to_srt(cues))
        self._write(f"{stem}.txt", to_text(transcript))
        self._write(f"{stem}.words.json", to_json(transcript))
        self._write(f"{stem}.m3u8", hls.captions_playlist(f"{stem}.vtt", self.made.seconds))
        return (
            CaptionTrack(
                language=transcript.language or "und",
                label=own_name(transcript.language) or "Captions",
                vtt=f"{stem}.vtt",
                srt=f"{stem}.srt",
                text=f"{stem}.txt",
                words=f"{stem}.words.json",
                playlist=f"{stem}.m3u8",
            ),
        )

    def _clips(
        self,
        renditions: tuple[Rendition, ...],
        audio: AudioRendition | None,
        tracks: tuple[CaptionTrack, ...],
        cues: tuple[Cue, ...],
    ) -> tuple[ClipFiles, ...]:
        clips = self.made.clips
        last = clips[-1].number
        parts = [Part(start=c.start, end=c.end if c.number < last else float("inf")) for c in clips]
        names = [f"downloads/clip-{clip.number:02d}.mp4" for clip in clips] if len(clips) > 1 else [_DOWNLOAD]
        playable = [r for r in renditions if r.codecs.startswith("avc1")]
        pictures = self.folder / playable[0].file if playable else None
        sound = self.folder / audio.file if audio else None
        whole = [(hls.WHOLE, _DOWNLOAD)] if len(clips) > 1 else []
        for chosen in (whole, list(zip(parts, names, strict=True))):
            if chosen:
                downloads.cut(
                    pictures, sound, [p for p, _ in chosen], [self.folder / n for _, n in chosen], stop=self.stop
                )
        return tuple(
            self._clip(clip, part, name, renditions, audio, tracks, cues)
            for clip, part, name in zip(clips, parts, names, strict=True)
        )

    def _clip(
        self,
        clip: Clip,
        part: Part,
        download: str,
        renditions: tuple[Rendition, ...],
        audio: AudioRendition | None,
        tracks: tuple[CaptionTrack, ...],
        cues: tuple[Cue, ...],
    ) -> ClipFiles:
        """A clip's playlists: places in the lecture's own files, and its captions counted from 0."""
        home = f"clips/{clip.number:02d}"
        files = []
        playable = [(r.playlist, r.file) for r in renditions] + ([(audio.playlist, audio.file)] if audio else [])
        for playlist, file in playable:
            self._write(f"{home}/{playlist}", hls.media_playlist(self.films[file], hls.up(file, 2), part))
            files.append(f"{home}/{playlist}")
        mine = cues_between(cues, clip.start, clip.end)
        shown = tracks if mine else ()
        for track in shown:
            vtt = Path(track.vtt).name
            self._write(f"{home}/{vtt}", to_webvtt(mine))
            self._write(f"{home}/{track.playlist}", hls.captions_playlist(vtt, clip.end - clip.start))
            files += [f"{home}/{vtt}", f"{home}/{track.playlist}"]
        self._write(f"{home}/master.m3u8", hls.master_playlist(renditions, audio, shown, iframes=False))
        return ClipFiles(clip=clip, playlist=f"{home}/master.m3u8", files=tuple(files), download=download)

    def _thumbnails(self) -> Thumbnails | None:
        if self.made.encoded is None or not self.made.encoded.value.seen.sheets:
            return None
        seen = self.made.encoded.value.seen
        for sheet in seen.sheets:
            place(self.made.encoded.folder / sheet, self.folder / sheet)
        self._write("thumbnails.vtt", write_vtt(seen, self.made.seconds))
        return Thumbnails(vtt="thumbnails.vtt", sprites=seen.sheets)

    def _poster(self, pictures: Pictures) -> bytes:
        encoded = self.made.encoded
        if encoded is None:
            return drawn_waveform(self.made.heard.value.waveform)
        best = next(f for f, r in zip(encoded.value.files, encoded.value.rungs, strict=True) if r.codec == "h264")
        return poster(encoded.folder / best, encoded.value.seen.poster_at, pixels=pictures.poster_pixels)

    def _report(self) -> Report:
        made, heard = self.made, self.made.heard.value
        said = made.transcript
        return Report(
            loudness_before=heard.loudness,
            loudness_after=made.levelled.value.loudness if made.levelled else None,
            gain_db=made.levelled.value.gain_db if made.levelled else 0.0,
            steps=made.steps,
            words=len(said.words) if said else 0,
            confidence=_rounded(said.confidence) if said else None,
            speech_covered=_rounded(said.covered) if said else None,
            scene_changes=len(made.encoded.value.seen.scenes) if made.encoded else 0,
            size_bytes=sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()),
        )

    def _film(self, made: Path, name: str) -> Film:
        at = self.folder / name
        if made != at:
            place(made, at)
        self.films[name] = fmp4.read(at)
        return self.films[name]

    def _write(self, name: str, content: str | bytes) -> None:
        write_whole(self.folder / name, content)


_DOWNLOAD = "downloads/lecture.mp4"


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)

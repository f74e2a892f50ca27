"""Sound: heard once to be measured, then levelled to a loudness everyone can listen to.

Loudness is EBU R128 (ITU-R BS.1770-4). It is measured, then set by one gain and a limiter: the same result as ffmpeg's
two-pass ``loudnorm`` at a third of its cost, and no pumping, since the gain never moves. The finished file is measured
again; where the limiter or the codec moved it too far, it is made again with what was learnt.

The same hearing gives the sound for speech recognition, the pauses, the waveform, and finds what is wrong with the
channels: a dead one (a microphone on the left only) or one wired upside down, which would vanish on a mono speaker.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from process import ffmpeg
from process.captions.transcript import Span
from process.ear import SILENCE_DBFS, SPEECH_RATE, Channels, Ear
from process.errors import FfmpegFailed
from process.lecture import Loudness
from process.probe import Media, SoundTrack
from process.step import Needs, Room, step

_MOST_RAISED_DB = 6.0
"""Most that a sound is raised to be heard beneath another; what is quieter is meant to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Settings of the sound."""

    target_lufs: float = -16.0
    """Integrated loudness to reach, LUFS."""

    true_peak_dbtp: float = -1.0
    """Highest true peak, dBTP."""

    max_gain_db: float = 36.0
    """Most that a quiet sound is raised; beyond that it is noise."""

    bitrate_kbps: int = 96
    """Of the AAC, thousands of bits a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A sound track that is used, and how."""

    track: SoundTrack
    """Which."""

    channels: Channels = Channels.BOTH
    """Which of its channels are used for both ears."""

    gain_db: float = 0.0
    """By how much it is raised before it is mixed with the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was learnt by listening once."""

    voices: tuple[Voice, ...]
    """What is used, mixed where it is more than one; empty where there is no sound."""

    loudness: Loudness | None
    """Of what will be levelled; ``None`` without sound."""

    pauses: tuple[Span, ...]
    """Stretches without speech-like level, at least 0.3 s."""

    speech_wav: str
    """File name: 16 kHz mono, 16 bits; empty without sound."""

    waveform: tuple[float, ...]
    """Peaks, 0 to 1, evenly over the whole sound."""

    cpu_seconds: float
    """Processor seconds of ffmpeg."""

    notes: tuple[str, ...]
    """What is odd about the sound, in whole sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled:
    """The sound as it will be published."""

    file: str
    """AAC in a fragmented MP4."""

    loudness: Loudness
    """Measured on the finished file."""

    gain_db: float
    """What was added."""

    cpu_seconds: float
    """Processor seconds of ffmpeg."""


@step("hear", edition=2, gives=Heard, needs=Needs(cores=1))
def hear(room: Room, *, source: Path, media: Media, exe: Path) -> Heard:
    """Listen to the tracks of *source* until one has sound in it, and to those that are meant to be heard beneath it.

    *source* is a file, or the folder in which the tracks of *media* lie.
    """
    heard = _first(room, source, media, str(exe))
    before = heard.loudness.integrated_lufs if heard.loudness else None
    if before is None:
        return heard
    voices, cpu = list(heard.voices), heard.cpu_seconds
    for track in media.sounds:
        if track.beneath_lu is None or track == voices[0].track:
            continue
        found, spent = _loudness_of(room, source, media, track, str(exe))
        cpu += spent
        if found is not None:
            gain = min(before - track.beneath_lu - found, _MOST_RAISED_DB)
            voices.append(Voice(track=track, gain_db=round(gain, 2)))
    if len(voices) > 1:
        mixed = _listen(room, source, media, tuple(voices), str(exe))
        heard = replace(mixed, notes=(*heard.notes, *mixed.notes), cpu_seconds=0.0)
        cpu += mixed.cpu_seconds
    return replace(heard, cpu_seconds=cpu, notes=(*heard.notes, *_choice(media, voices)))


def _first(room: Room, source: Path, media: Media, exe: str) -> Heard:
    """The first track with sound in it; a track to be heard beneath others comes last."""
    cpu = 0.0
    heard = Heard(
        voices=(),
        loudness=None,
        pauses=(),
        speech_wav="",
        waveform=(),
        cpu_seconds=0.0,
        notes=("There is no sound.",),
    )
    for silent, track in enumerate(sorted(media.sounds, key=lambda track: track.beneath_lu is not None)):
        listened = _listen(room, source, media, (Voice(track=track),), exe)
        cpu += listened.cpu_seconds
        if listened.loudness is not None and listened.loudness.integrated_lufs is not None:
            notes = listened.notes
            if silent:
                notes += (f"The first {silent} of {len(media.sounds)} sound tracks are silent; the next was used.",)
            return replace(listened, cpu_seconds=cpu, notes=notes)
        if silent == 0:
            heard = listened
    return replace(heard, cpu_seconds=cpu)


def _choice(media: Media, voices: Sequence[Voice]) -> tuple[str, ...]:
    """Which of several tracks with names are heard, in a sentence."""
    names = [track.name for track in media.sounds]
    if len(names) < 2 or not all(names):
        return ()
    said = f"What is heard is {voices[0].track.name}"
    for voice in voices[1:]:
        by = voice.track.beneath_lu or 0.0
        said += f", with {voice.track.name} {by:g} LU beneath it" if by else f", together with {voice.track.name}"
    left = [name for name in names if name not in {voice.track.name for voice in voices}]
    unused = f"; {' and '.join(left)} {'are' if len(left) > 1 else 'is'} not used" if left else ""
    return (f"{said}{unused}.",)


def _loudness_of(room: Room, source: Path, media: Media, track: SoundTrack, exe: str) -> tuple[float | None, float]:
    """How loud a track is, LUFS; ``None`` if it is silent. And the processor seconds that measuring took."""
    alone = _mixed(source, media, (Voice(track=track),)).filter("ebur128", framelog="quiet")
    ran = ffmpeg.run(exe, ffmpeg.output(alone, "-", format="null"), stop=room.stop)
    return _summary(ran.log).integrated_lufs, ran.cpu_seconds


def _listen(room: Room, source: Path, media: Media, voices: tuple[Voice, ...], exe: str) -> Heard:
    wav = room.folder / "speech.wav"
    ear = Ear(wav)
    whole = _mixed(source, media, voices).asplit()
    measured = ffmpeg.output(whole[0].filter("ebur128", peak="true", framelog="quiet"), "-", format="null")
    samples = ffmpeg.output(whole[1].filter("aresample", SPEECH_RATE), "pipe:1", format="s16le", acodec="pcm_s16le")
    ran = ffmpeg.run(
        exe,
        ffmpeg.together(measured, samples),
        seconds=media.seconds,
        report=room.report,
        stop=room.stop,
        taking=ear.listen,
    )
    loudness, notes = _summary(ran.log), tuple[str, ...]()
    if len(voices) == 1:  # of a mix, each was looked at before
        channels, notes = ear.verdict()
        if channels != Channels.BOTH and loudness.integrated_lufs is not None and ear.dead:
            # The live channel will be in both ears: twice the energy, 10 log10 2 more.
            loudness = replace(loudness, integrated_lufs=round(loudness.integrated_lufs + 3.01, 2))
        voices = (replace(voices[0], channels=channels),)
    if ran.damaged:
        notes = (*notes, "Some of the sound is damaged; what could be read was used.")
    if loudness.integrated_lufs is None:
        notes = (*notes, "The sound is silent from beginning to end.")
    return Heard(
        voices=voices,
        loudness=loudness,
        pauses=ear.pauses(),
        speech_wav=wav.name,
        waveform=ear.waveform(),
        cpu_seconds=ran.cpu_seconds,
        notes=notes,
    )


@step("level", edition=2, gives=Levelled, needs=Needs(cores=1))
def level(
    room: Room, *, source: Path, media: Media, heard: Heard, settings: Level, part: Span | None = None, exe: Path
) -> Levelled:
    """Make the sound of *source*, or a *part* of it, as loud as *settings* ask, and measure what came of it."""
    assert heard.loudness is not None
    before = heard.loudness
    file = room.folder / "audio.mp4"
    gain, ceiling, cpu = 0.0, settings.true_peak_dbtp - 0.6, 0.0
    if before.integrated_lufs is not None:
        gain = min(settings.target_lufs - before.integrated_lufs, settings.max_gain_db)
    after, tries = before, 3
    for attempt in range(tries):
        loud = before.true_peak_dbtp is not None and before.true_peak_dbtp + gain > ceiling
        way = (attempt / tries, 1 / tries)
        top = ceiling if loud else None
        cpu += _encode(room, source, media, heard, settings, str(exe), file, gain, top, way, part)
        after, spent = measure(file, str(exe), room)
        cpu += spent
        if after.integrated_lufs is None or after.true_peak_dbtp is None:
            break
        low = settings.target_lufs - after.integrated_lufs
        over = after.true_peak_dbtp - settings.true_peak_dbtp
        may_rise = gain < settings.max_gain_db and attempt < tries - 1
        if over <= 0 and (abs(low) <= 0.3 or not may_rise):
            break
        if over > 0:
            ceiling -= over + 0.1
        if abs(low) > 0.3:
            gain = min(gain + low, settings.max_gain_db)
    return Levelled(file=file.name, loudness=after, gain_db=round(gain, 2), cpu_seconds=cpu)


def _encode(
    room: Room,
    source: Path,
    media: Media,
    heard: Heard,
    settings: Level,
    exe: str,
    file: Path,
    gain: float,
    ceiling: float | None,
    way: tuple[float, float],
    part: Span | None,
) -> float:
    sound, seconds = _mixed(source, media, heard.voices), media.seconds
    if part is not None:
        sound = sound.filter("apad", whole_dur=f"{part.end:.6f}")
        sound = sound.filter("atrim", start=f"{part.start:.6f}", end=f"{part.end:.6f}")
        sound, seconds = sound.filter("asetpts", "PTS-STARTPTS"), part.end - part.start
    if gain:
        sound = sound.filter("volume", f"{gain:.2f}dB")
    if ceiling is not None:
        limit = 10 ** (ceiling / 20)
        sound = sound.filter("alimiter", limit=f"{limit:.5f}", level="false", attack=5, release=50, latency="true")
    sound = sound.filter("apad", whole_dur=f"{seconds:.6f}").filter("atrim", end=f"{seconds:.6f}")
    ran = ffmpeg.run(
        exe,
        ffmpeg.output(
            sound,
            ffmpeg.target(file),
            format="mp4",
            acodec="aac",
            **{"b:a": f"{settings.bitrate_kbps}k", "ar": 48000, "use_editlist": 0, "map_metadata": -1},
            movflags="+empty_moov+default_base_moof",
            frag_duration=1_000_000,
        ),
        seconds=seconds,
        report=lambda done: room.report(way[0] + way[1] * done),
        stop=room.stop,
    )
    return ran.cpu_seconds


def measure(file: Path, exe: str, room: Room) -> tuple[Loudness, float]:
    """The loudness of a finished sound file of ours, and the processor seconds that measuring took."""
    sound = ffmpeg.source(ffmpeg.target(file)).audio.filter("ebur128", peak="true", framelog="quiet")
    ran = ffmpeg.run(exe, ffmpeg.output(sound, "-", format="null"), stop=room.stop)
    return _summary(ran.log), ran.cpu_seconds


def _mixed(source: Path, media: Media, voices: Sequence[Voice]) -> Any:
    """What is heard: two channels on the timeline of *media*, gaps filled, starting at 0."""
    sounds = [_as_stereo(source, media, voice) for voice in voices]
    if len(sounds) == 1:
        return sounds[0]
    # Not normalized: a voice does not grow louder because the other falls silent.
    return ffmpeg.join(sounds, "amix", inputs=len(sounds), normalize=0, dropout_transition=0)


def _as_stereo(source: Path, media: Media, voice: Voice) -> Any:
    track = voice.track
    sound = ffmpeg.media(source / track.file, media.container, begins=track.start, zero=media.zero)[str(track.index)]
    sound = sound.filter("aresample", 48000, **{"async": 1}, first_pts=0).filter("aformat", channel_layouts="stereo")
    if voice.channels != Channels.BOTH:
        # Not channelmap: it gives both ears one and the same buffer, and the gain is then applied to it twice.
        ear = "c0" if voice.channels == Channels.LEFT else "c1"
        sound = sound.filter("pan", args=f"stereo|c0={ear}|c1={ear}")
    return sound.filter("volume", f"{voice.gain_db:.2f}dB") if voice.gain_db else sound


def _summary(log: str) -> Loudness:
    text = log[log.rfind("Summary:") :]

    def figure(name: str) -> float | None:
        found = re.findall(rf"\b{name}:\s+(-?[\d.]+|-?inf|nan)", text)
        return float(found[0]) if found and math.isfinite(float(found[0])) else None

    if "Summary:" not in log:
        raise FfmpegFailed("ffmpeg measured no loudness", hint="check that the sound plays")
    integrated, peak = figure("I"), figure("Peak")
    silent = integrated is None or integrated <= SILENCE_DBFS
    return Loudness(
        integrated_lufs=None if silent else integrated,
        true_peak_dbtp=None if silent or peak is None else peak,
        range_lu=0.0 if silent else figure("LRA") or 0.0,
    )

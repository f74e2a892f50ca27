"""How a booth is set up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BoothSettings:
    """Settings of a booth."""

    sources: tuple[str, ...] = ()
    """What is recorded, as after ``--from``: ``camera:front``, ``microphone:desk``; empty for what the operator chose,
    or what is usual here."""

    greenscreen: bool = True
    """Whether people are cut out of the picture, where that can be done."""

    countdown_seconds: float = 5.0
    """From the touch to the first picture."""

    longest_seconds: float = 900.0
    """A take is ended when it is so long."""

    mark_seconds: float = 90.0
    """Without a touch, whoever wanted to record has left."""

    review_seconds: float = 120.0
    """The same, after watching; the recording is then kept for the operator."""

    handover_seconds: float = 120.0
    """The same, once it is safe."""

    thanks_seconds: float = 6.0
    """How long the goodbye is shown."""

    warning_seconds: float = 20.0
    """People are asked whether they are still there so long before."""

    phones: str = ""
    """Name or number of this machine in the network of people's phones, and a port: ``10.0.7.20:8400``. They send
    slides there and get their lecture. Empty for no phones."""

    publish: bool = True
    """Whether what is kept is published, too, to where ``store.address`` says."""

    days: float = 14.0
    """How long the address that people take along leads to their lecture."""

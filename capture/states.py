"""The recorder's states and every way from one to the next: one table, from which pages draw their buttons."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from capture.errors import WrongMoment
from capture.health import State


class Command(StrEnum):
    """What somebody may ask of the recorder."""

    ROLL = "roll"
    """Begin a take, after the countdown."""

    PAUSE = "pause"
    """Let the take's clock stand still."""

    RESUME = "resume"
    """Let it run again."""

    MARK = "mark"
    """Remember this moment of the take."""

    STOP = "stop"
    """End the take; in a countdown, call it off."""

    ABANDON = "abandon"
    """End the recorder where there is no take yet."""


class Happening(StrEnum):
    """What comes about by itself."""

    OPENED = "opened"
    """Every source is open, or the take may begin without those that are not."""

    COUNTED = "counted"
    """The countdown is over."""

    CUT = "cut"
    """The take must end: it is as long as it may be, the disk is nearly full, or no track is left."""

    CLOSED = "closed"
    """Every track is closed and the take is written down."""

    BROKE = "broke"
    """There is no take and there cannot be one; or it could not be closed, and is left to `capture.recovery`."""


TABLE: Mapping[State, Mapping[Command | Happening, State]] = {
    State.OPENING: {
        Happening.OPENED: State.READY,
        Happening.BROKE: State.FAILED,
        Command.ABANDON: State.FAILED,
    },
    State.READY: {
        Command.ROLL: State.COUNTING,
        Happening.BROKE: State.FAILED,
        Command.ABANDON: State.FAILED,
    },
    State.COUNTING: {
        Happening.COUNTED: State.ROLLING,
        Command.STOP: State.READY,
        Happening.BROKE: State.FAILED,
        Command.ABANDON: State.FAILED,
    },
    State.ROLLING: {
        Command.PAUSE: State.PAUSED,
        Command.MARK: State.ROLLING,
        Command.STOP: State.STOPPING,
        Happening.CUT: State.STOPPING,
    },
    State.PAUSED: {
        Command.RESUME: State.ROLLING,
        Command.MARK: State.PAUSED,
        Command.STOP: State.STOPPING,
        Happening.CUT: State.STOPPING,
    },
    State.STOPPING: {
        Command.STOP: State.STOPPING,  # a second Ctrl-C does no harm
        Happening.CUT: State.STOPPING,
        Happening.CLOSED: State.DONE,
        Happening.BROKE: State.FAILED,
    },
    State.DONE: {},
    State.FAILED: {},
}
"""Where each command and each happening leads; what is not here cannot be."""

ENDS = frozenset(state for state, ways in TABLE.items() if not ways)
"""The states out of which nothing leads."""


def commands(state: State) -> tuple[Command, ...]:
    """What may be asked of a recorder in *state*.

    >>> [str(command) for command in commands(State.PAUSED)]
    ['resume', 'mark', 'stop']
    """
    return tuple(move for move in TABLE[state] if isinstance(move, Command))


def after(state: State, move: Command | Happening) -> State:
    """The state that *move* leads to from *state*.

    Raises:
        WrongMoment: it leads nowhere from there.
    """
    try:
        return TABLE[state][move]
    except KeyError:
        allowed = ", ".join(commands(state)) or "nothing more"
        raise WrongMoment(f"the recorder cannot {move} while it is {state}", hint=f"now it can: {allowed}") from None

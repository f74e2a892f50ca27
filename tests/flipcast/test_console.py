"""What is shown: bars, lines or JSON, and never anything that a terminal would obey."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from flipcast import console
from flipcast.console import Json, Lines, Terminal, printable

EVIL = "\x1b]0;owned\x07[red]a\r\nb\x9b31m"


@given(st.text())
def test_printable_is_one_line_that_prints(text):
    """Names of files are other people's."""
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


def say_all(show) -> None:
    show.progress(1, EVIL, "encode", 0.5)
    show.note(EVIL)
    show.trouble(EVIL)
    show.ended(1, EVIL, EVIL)
    show.result({"label": EVIL}, f"first {EVIL}")
    show.close()


def test_lines_are_lines(capsys):
    """In a log file nobody wants to see a terminal's orders."""
    say_all(Lines())

    out, err = capsys.readouterr()
    for text in (out, err):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
        assert "[red]a" in text, "not taken for a colour"


def test_a_terminal_shows_names_as_they_are(capsys):
    """Markup in a name is a part of the name."""
    say_all(Terminal())

    out, err = capsys.readouterr()
    for text in (out, err):
        assert "\x1b]0;" not in text
        assert "\x07" not in text
        assert "[red]a" in text


def test_json_is_json_whatever_is_said(capsys):
    """One object a line, in ASCII, so that no reader's encoding matters."""
    say_all(Json())

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["progress", "note", "error", "ended", "result"]
    assert out.isascii()
    assert json.loads(lines[-1])["label"] == EVIL
    assert err == ""


def test_lines_come_now_and_then_and_not_a_hundred_a_second(capsys):
    """A log is read by people."""
    show = Lines()
    for number in range(1000):
        show.progress(1, "a.mp4", "encode", number / 1000)

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_json_tells_every_hundredth_at_most(capsys):
    """Programs are patient, disks are not."""
    show = Json()
    for number in range(10_000):
        show.progress(1, "a.mp4", "encode", number / 10_000)

    assert len(capsys.readouterr().out.splitlines()) <= 101


def test_a_table_fits_where_no_terminal_is(capsys):
    """Rows are not broken in the middle of a name when they go to a file."""
    table = Table("file", box=None)
    table.add_row(Text("n" * 100))

    console._print_result(table)

    assert "n" * 100 in capsys.readouterr().out

"""A window that fills the screen and flashes when it is told to, and says when it did; a process of its own.

OpenCV's windows are used since OpenCV is here anyway, on every system, where Python's own may be missing. They want the
main thread of a process. `capture.sources.signals` holds the other end.
"""

from __future__ import annotations

import os
import queue
import sys
import threading

import cv2
import numpy as np

from capture.clock import now_ns

_WINDOW = "flipcast"


def main() -> None:
    """Show the window until standard input ends; a line ``200`` there lights it for 200 ms."""
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            asked.put(line)
        asked.put("")

    threading.Thread(target=listen, daemon=True).start()
    cv2.namedWindow(_WINDOW, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
    cv2.moveWindow(_WINDOW, 0, 0)
    cv2.resizeWindow(_WINDOW, 2560, 1440)  # where no window manager is that would let it fill the screen
    cv2.setWindowProperty(_WINDOW, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN)
    _show(0)
    for _ in range(30):  # until a window manager has done with it
        cv2.waitKey(20)
    _say("ready")
    while True:
        try:
            line = asked.get_nowait()
        except queue.Empty:
            cv2.waitKey(5)
            continue
        if not line:
            break
        lit_ns = _show(255)
        _say(str(lit_ns))
        while now_ns() < lit_ns + int(line) * 1_000_000:
            cv2.waitKey(5)
        _show(0)
    cv2.destroyAllWindows()


def _show(level: int) -> int:
    """Fill the window; gives the moment at which that was drawn."""
    # A smaller picture would be drawn with a grid, which takes long.
    cv2.imshow(_WINDOW, np.full((360, 640, 3), level, np.uint8))
    cv2.pollKey()  # by which it is drawn, and nothing more
    return now_ns()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    os._exit(0)  # a window system that hangs must not keep it

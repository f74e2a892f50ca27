"""What every test may use: media made on the spot, a real S3 server, a real browser, real speech."""

import signal

# Whoever starts the tests in the background may have had Ctrl-C ignored, and every child would inherit that: the tests
# of Ctrl-C need it as a person at a terminal has it.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.fixtures.media",
    "tests.fixtures.command",
    "tests.fixtures.speech",
    "tests.fixtures.store",
    "tests.fixtures.browser",
    "tests.fixtures.pages",
    "tests.fixtures.booths",
    "tests.fixtures.disk",
    "tests.fixtures.moody",
    "tests.fixtures.rig",
    "tests.fixtures.rig_camera",
    "tests.fixtures.rig_sound",
    "tests.fixtures.takes",
]

"""What every test may use: media made on the spot, a real S3 server, a real browser, real speech."""

pytest_plugins = [
    "tests.fixtures.media",
    "tests.fixtures.command",
    "tests.fixtures.speech",
    "tests.fixtures.store",
    "tests.fixtures.browser",
]

### The teleprompter

prompter-text = The text as it runs
prompter-run = Run
prompter-halt = Halt
prompter-rate = Speed: { $rate } words a minute
prompter-size = Size: { $size }
prompter-mirrored = Mirrored, for a pane of glass before the camera
prompter-length = { $time } at this speed
prompter-paste = Your text
prompter-keys = Space runs and halts, the arrows up and down change the speed. The text stays in this browser.
prompter-follow = Follow my voice
prompter-follow-end = Do not follow
prompter-voice-opening = Getting ready to listen …
prompter-voice-listening = It listens: read, and the text comes along.
prompter-voice-lost = That is not in the text: it waits here.
prompter-voice-deaf = No microphone is open: choose one on the recorder's page.
prompter-follow-keys = While it follows, click a word to go on from there; the arrows left and right go a paragraph back and on. What it hears is kept nowhere and never leaves this machine.
prompter-notes = Take the notes of a presentation
prompter-of = Read in
prompter-offer = Let its captions follow this text
prompter-offered = They will, where it was followed, once it is finished again:
prompter-empty = What you paste below, or take from a presentation, runs here.

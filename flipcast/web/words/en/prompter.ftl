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

### Der Teleprompter

prompter-text = Der Text, wie er läuft
prompter-run = Laufen lassen
prompter-halt = Anhalten
prompter-rate = Tempo: { $rate } Wörter in der Minute
prompter-size = Größe: { $size }
prompter-mirrored = Gespiegelt, für eine Glasscheibe vor der Kamera
prompter-length = { $time } bei diesem Tempo
prompter-paste = Ihr Text
prompter-keys = Die Leertaste startet und hält an, die Pfeile auf und ab ändern das Tempo. Der Text bleibt in diesem Browser.

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
prompter-follow = Meiner Stimme folgen
prompter-follow-end = Nicht mehr folgen
prompter-voice-opening = Macht sich bereit zuzuhören …
prompter-voice-listening = Es hört zu: Lesen Sie, der Text kommt mit.
prompter-voice-lost = Das steht nicht im Text: Es wartet hier.
prompter-voice-deaf = Kein Mikrofon ist offen: Wählen Sie eines auf der Seite der Aufnahme.
prompter-follow-keys = Solange es folgt, geht es nach einem Klick auf ein Wort dort weiter; die Pfeile links und rechts gehen einen Absatz zurück und vor. Was gehört wird, wird nirgends aufbewahrt und verlässt diesen Rechner nie.
prompter-notes = Notizen einer Präsentation nehmen
prompter-of = Gelesen in
prompter-offer = Untertitel nach diesem Text richten
prompter-offered = Das tun sie, wo er gelesen wurde, sobald es noch einmal fertiggestellt ist:
prompter-empty = Was Sie unten einfügen oder einer Präsentation entnehmen, läuft hier.

# Worte der Seiten, in derselben Reihenfolge wie im Englischen.

### Auf jeder Seite

pages = Seiten
page-recorder = Aufnehmen
page-library = Meine Aufnahmen
page-prompter = Teleprompter
close = Schließen
gone = flipcast antwortet nicht.
gone-hint = Eine laufende Aufnahme läuft von selbst weiter. Bleibt es so, rufen Sie „flipcast open“ noch einmal auf.
failed = Das ging nicht.

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
failed-hint = Laden Sie diese Seite neu, und versuchen Sie es noch einmal.
rushes-loading = Einen Augenblick, es wird geholt …
rushes-of = Die Aufnahme: { $kind }
rushes-screen = Bildschirm
rushes-camera = Kamera
rushes-microphone = Ton
rushes-system = Ton des Rechners
advice-clothes = Etwas, das Sie tragen oder halten, hat die Farbe des Hintergrunds und könnte durchsichtig werden. Tragen Sie eine andere Farbe.
advice-close = Sie werfen einen harten Schatten auf den Hintergrund. Treten Sie von ihm weg.
advice-head = Ihr Kopf ist abgeschnitten. Treten Sie zurück, oder setzen Sie sich tiefer.
advice-wide = Ihre Schultern passen nicht ins Bild. Treten Sie zurück.
advice-left = Sie sind weit links im Bild. Kommen Sie in die Mitte.
advice-right = Sie sind weit rechts im Bild. Kommen Sie in die Mitte.
advice-small = Sie sind klein im Bild. Kommen Sie näher.
about-screen = Der Bildschirm
about-camera = Die Kamera
about-microphone = Das Mikrofon
about-system = Der Ton des Rechners
alarm-sight = { $about } zeigt immer dasselbe Bild oder ist schwarz.
alarm-hearing = { $about } ist stumm.
alarm-lost = { $about } ist verschwunden. Bitte neu einstecken.
alarm-broken = { $about } wird nicht mehr aufgenommen.
alarm-room = Die Platte ist fast voll.
alarm-pace = Dieser Rechner ist zu langsam: Bilder kommen zu spät. Schließen Sie andere Programme.

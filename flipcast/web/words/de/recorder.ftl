### Die Seite des Rekorders

sources = Was aufgenommen wird
kind-screen = Bildschirme und Fenster
kind-camera = Kameras
kind-microphone = Mikrofone
kind-system = Ton dieses Rechners
none-screen = Hier kann kein Bildschirm aufgenommen werden.
none-camera = Keine Kamera ist da. Schließen Sie eine an, oder geben Sie unten die Adresse einer Netzwerkkamera an.
none-microphone = Kein Mikrofon ist da. Schließen Sie eines an, und prüfen Sie die Toneinstellungen des Systems.
not-here = (gerade nicht da)
looking = Es wird gesucht, was aufgenommen werden kann …
more-sources = Weitere Quellen
address = Adresse einer Kamera im Netz
add = Hinzufügen
test-picture = Testbild
test-tone = Testton
no-picture = Noch kein Bild.
nothing-chosen = Wählen Sie, was aufgenommen wird: Bildschirm, Kamera, Mikrofon.
level = Pegel von { $device }
layout = Anordnung
layout-corner = Kamera in der Ecke
layout-side-by-side = Nebeneinander
layout-screen = Nur Bildschirm
layout-camera = Nur Kamera
layout-keyed = Vor dem Bildschirm
green = Greenscreen: mich freistellen
key-begins = Der Greenscreen wird vorbereitet …
title = Titel
title-hint = Worum geht es?
record = Aufnehmen
stop = Beenden
call-off = Abbrechen
pause = Pause
resume = Weiter
mark = Marke setzen
left-hours = { $count ->
    [one] Platz für eine Stunde
   *[other] Platz für { $count } Stunden
  }
left-minutes = { $count ->
    [one] Platz für eine Minute
   *[other] Platz für { $count } Minuten
  }
all-well = Alles in Ordnung.
late = { $count ->
    [one] Eben kam ein Bild zu spät oder wurde wiederholt.
   *[other] In der letzten halben Minute kamen { $count } Bilder zu spät oder wurden wiederholt.
  }
room-scarce = Auf der Platte ist Platz für noch { $minutes } Minuten.
state-opening = Die Quellen werden geöffnet.
state-ready = Bereit zur Aufnahme.
state-counting = Die Aufnahme beginnt.
state-rolling = Aufnahme läuft.
state-paused = Angehalten.
state-stopping = Die Aufnahme wird abgeschlossen.
kept = „{ $title }“ ist gesichert
finish = Fertigstellen und veröffentlichen
watch-take = Ansehen
proof = Was gemessen wurde
behind = Hinter mir
scene-bring = Ein eigenes Bild …
scene-brings = Wird aufgenommen …
scene-out = „{ $name }“ herausnehmen
scene-slides = Der Bildschirm
scene-night = Nacht
scene-paper = Papier
scene-sea = Meer
scene-forest = Wald
scene-blur = Der Raum, unscharf
tune = Den grünen Hintergrund ansehen
tune-how = Drücken Sie die Taste und treten Sie aus dem Bild. Der leere Hintergrund wird zwei Sekunden lang angesehen und für diese Kamera behalten.
tune-begin = Ich trete aus dem Bild
tune-wait = Treten Sie aus dem Bild: { $seconds }
tune-looks = Bleiben Sie noch einen Augenblick draußen …
tune-kept = Behalten. Das könnte besser sein:
tune-well = Behalten, und nichts könnte besser sein. Kommen Sie zurück.
tune-again = Noch einmal ansehen

proof-take = Aufnahme { $number }
proof-track = { $kind ->
    [screen] Bildschirm
    [camera] Kamera
    [microphone] Mikrofon
   *[system] Ton des Rechners
  }{ $number ->
    [1] {""}
   *[other] {" "}{ $number }
  }
proof-picture = { $device }, { $width } × { $height }.
proof-sound = { $device }, { $channels ->
    [one] ein Kanal
   *[other] { $channels } Kanäle
  } bei { $hertz } Hz.
proof-pictures = { $count ->
    [one] Ein Bild
   *[other] { $count } Bilder
  }: { $late } zu spät, { $repeated } wiederholt, { $left } ausgelassen.
proof-pictures-found = { $count ->
    [one] Ein Bild.
   *[other] { $count } Bilder.
  }
proof-unchanged = { $count ->
    [one] Ein weiteres, in dem sich nichts änderte.
   *[other] { $count } weitere, in denen sich nichts änderte.
  }
proof-samples = { $count } Abtastwerte{ $loudest ->
    [yes] , der lauteste bei { $peak } dBFS
   *[no] {""}
  }.
proof-digital-silence = { $count } Abtastwerte, völlig stumm.
proof-file = { $size } in { $file }.
proof-begins = Beginnt { $seconds } s nach der Aufnahme.
proof-loss = Nichts ab { $at }, { $seconds } s lang:
proof-lost = { $seconds } s gingen am Ende verloren.
proof-silent = Insgesamt { $seconds } s lang stumm.
proof-dark = Insgesamt { $seconds } s lang schwarz oder eingefroren.
proof-track-ended = Endete bei { $at }:
proof-no-step = Wie genau die Spur zur Uhr passt, wurde nicht gemessen.
proof-step = Passt auf { $offset } ms, 95 % innerhalb von { $spread } ms, sicher auf ±{ $sure } ms.
proof-drift = Die Uhr weicht um { $ppm } ppm ab, was berichtigt ist; { $slip } ms je Minute bleiben.
proof-slip = Driftet um { $slip } ms je Minute.
proof-how = Gemessen wurde
proof-latency = Verzögerung { $latency } ms, { $measured ->
    [yes] auf diesem Rechner gemessen
   *[no] wie bei solchen Quellen üblich
  }.
proof-row-pause = Pause
proof-row-marker = Marke
proof-row-ended = Ende
proof-row-alarm = Warnung
proof-row-cost = Aufwand
proof-pause = Bei { $at }, { $seconds } s, die in keiner Spur sind.
proof-cost = { $share } Prozessorsekunden je Sekunde.

proof-take = Take { $number }
proof-track = { $kind ->
    [screen] Screen
    [camera] Camera
    [microphone] Microphone
   *[system] Sound of this computer
  }{ $number ->
    [1] {""}
   *[other] {" "}{ $number }
  }
proof-picture = { $device }, { $width } × { $height }.
proof-sound = { $device }, { $channels ->
    [one] one channel
   *[other] { $channels } channels
  } at { $hertz } Hz.
proof-pictures = { $count ->
    [one] One picture
   *[other] { $count } pictures
  }: { $late } late, { $repeated } repeated, { $left } left out.
proof-pictures-found = { $count ->
    [one] One picture.
   *[other] { $count } pictures.
  }
proof-unchanged = { $count ->
    [one] One more, in which nothing changed.
   *[other] { $count } more, in which nothing changed.
  }
proof-samples = { $count } samples{ $loudest ->
    [yes] , the loudest at { $peak } dBFS
   *[no] {""}
  }.
proof-digital-silence = { $count } samples of digital silence.
proof-file = { $size } in { $file }.
proof-begins = Begins { $seconds } s after the take.
proof-loss = Nothing from { $at } on, for { $seconds } s:
proof-lost = { $seconds } s lost at its end.
proof-silent = Silent for { $seconds } s in all.
proof-dark = Black or frozen for { $seconds } s in all.
proof-track-ended = Ended at { $at }:
proof-no-step = How well it is in step with the clock was not measured.
proof-step = In step to { $offset } ms, 95 % within { $spread } ms, sure to ±{ $sure } ms.
proof-drift = Its clock is off by { $ppm } ppm, which is corrected; { $slip } ms a minute are left.
proof-slip = Drifts by { $slip } ms a minute.
proof-how = Measured by
proof-latency = Latency { $latency } ms, { $measured ->
    [yes] measured on this machine
   *[no] taken as usual for such a source
  }.
proof-row-pause = Pause
proof-row-marker = Marker
proof-row-ended = Ended
proof-row-alarm = Alarm
proof-row-cost = Cost
proof-pause = At { $at }, { $seconds } s that are in no track.
proof-cost = { $share } processor seconds a second.

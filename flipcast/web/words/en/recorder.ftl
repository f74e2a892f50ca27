### The recorder page

sources = What is recorded
kind-screen = Screens and windows
kind-camera = Cameras
kind-microphone = Microphones
kind-system = Sound of this computer
none-screen = No screen can be recorded here.
none-camera = No camera is here. Plug one in, or give the address of one in the network below.
none-microphone = No microphone is here. Plug one in, and see that the system’s sound settings show it.
not-here = (not here now)
looking = Looking for what can be recorded …
more-sources = More sources
address = Address of a camera in the network
add = Add
test-picture = Test picture
test-tone = Test tone
no-picture = No picture yet.
nothing-chosen = Choose what to record: a screen, a camera, a microphone.
level = Level of { $device }
layout = Layout
layout-corner = Camera in the corner
layout-side-by-side = Side by side
layout-screen = Screen alone
layout-camera = Camera alone
layout-keyed = In front of the screen
green = Green screen: cut me out of the picture
key-begins = The green screen is being prepared …
title = Title
title-hint = What is it about?
record = Record
stop = Stop
call-off = Call off
pause = Pause
resume = Go on
mark = Set a marker
left-hours = { $count ->
    [one] room for one hour
   *[other] room for { $count } hours
  }
left-minutes = { $count ->
    [one] room for one minute
   *[other] room for { $count } minutes
  }
all-well = All is well.
late = { $count ->
    [one] One picture came late or was shown twice just now.
   *[other] { $count } pictures came late or were shown twice in the last half minute.
  }
room-scarce = The disk has room for { $minutes } more minutes.
state-opening = Sources are being opened.
state-ready = Ready to record.
state-counting = Recording begins.
state-rolling = Recording.
state-paused = Paused.
state-stopping = The recording is being closed.
kept = “{ $title }” is kept
finish = Finish and publish
watch-take = Watch it
proof = What was measured
behind = Behind me
scene-bring = A picture of your own …
scene-brings = Taking it in …
scene-out = Take “{ $name }” out
scene-slides = The screen
scene-night = Night
scene-paper = Paper
scene-sea = Sea
scene-forest = Forest
scene-blur = The room, blurred
tune = Look at the green screen
tune-how = Press the button and step out of the picture. The empty screen is looked at for two seconds, and kept for this camera.
tune-begin = I am stepping out
tune-wait = Step out of the picture: { $seconds }
tune-looks = Stay out a moment longer …
tune-kept = It is kept. This could be better:
tune-well = It is kept, and nothing could be better. Come back.
tune-again = Look again

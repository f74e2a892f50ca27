### The recorder page

sources = What is recorded
kind-screen = Screens
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
left = room for { $time }
all-well = All is well.
late = { $count ->
    [one] One picture came late or was shown twice.
   *[other] { $count } pictures came late or were shown twice.
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
proof = What was measured

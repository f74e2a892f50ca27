# Words of the pages. One message a line where it can be; a page's words stand together under its heading.

### On every page

pages = Pages
page-recorder = Record
page-library = My recordings
page-prompter = Teleprompter
close = Close
gone = flipcast does not answer.
gone-hint = A recording that runs goes on by itself. Run “flipcast open” again if this stays.
failed = This could not be done.
failed-hint = Load this page again, and try it once more.
rushes-loading = One moment, it is being fetched …
rushes-of = What was recorded: { $kind }
rushes-screen = screen
rushes-camera = camera
rushes-microphone = sound
rushes-system = sound of the computer
advice-clothes = Something that you wear or hold has the colour of the screen, and may turn see-through. Wear another colour.
advice-close = You throw a hard shadow on the screen. Step away from it.
advice-head = Your head is cut off. Step back, or sit lower.
advice-wide = Your shoulders do not fit into the picture. Step back.
advice-left = You are far to the left of the picture. Move to its middle.
advice-right = You are far to the right of the picture. Move to its middle.
advice-small = You are small in the picture. Come closer.
about-screen = The screen
about-camera = The camera
about-microphone = The microphone
about-system = The sound of this computer
alarm-sight = { $about } shows the same picture all the time, or is black.
alarm-hearing = { $about } is silent.
alarm-lost = { $about } is lost. Plug it in again.
alarm-broken = { $about } is not recorded any more.
alarm-room = The disk is nearly full.
alarm-pace = This machine is too slow: pictures come late. Close other programs.

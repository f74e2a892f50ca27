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

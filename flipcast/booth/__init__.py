"""The booth: a kiosk that people walk up to, record at, and leave.

`settings` says how it is set up, `visit` who stands there, `stage` what they see step by step, `waiting` what is still
to be done with what they recorded, `corner` what its operator may do, and `kiosk` keeps a browser in front of it.
"""

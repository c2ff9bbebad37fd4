"""What a person starts: the desktop application and the command line, and the wiring behind both.

Everything may be imported here and nothing imports from here. The command line (`app.cli`) and all that it imports stay
free of Qt, and torch is imported only when a command needs it, so that help and windows open at once.
"""

"""What a twin does by itself: emotions by level, transitions, other people's voices, speed.

Functions over a loaded twin that need no recording of the person; what the person did stands beside it where there is
something to compare with. Long ones are generators that tell how far they are.
"""

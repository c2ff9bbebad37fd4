"""The pages put together from the widgets of other rooms, and the bar that leads from one to the next.

A page arranges; it holds no data of the document and takes no decision. What it is shown comes through its widgets'
setters, what the user does leaves through their signals.
"""

"""Qt widgets: each takes its model when made, emits signals, and knows nothing of the application around it.

Viewport, timeline, plots, tables and dialogs live here; the engine is reached through plain data.
torch is imported only when a widget is used.
"""

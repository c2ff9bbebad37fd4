"""The report: figures in plain words, tables and plots, and one page of HTML that needs nothing beside it.

It reads what `engine.metrics` measured, as plain data, and draws; it measures nothing. Words and tables load nothing
heavy, so that the window and the command line show the same ones.
"""

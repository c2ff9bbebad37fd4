"""Icons, drawn by ourselves: 24 by 24, lines of 1.75, round ends, one colour that the theme replaces.

Only SVG files may enter, each named after what it means; `app.svg` is the application's own and keeps its colours.
"""

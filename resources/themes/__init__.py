"""The small pictures that the style sheet needs: arrows and ticks, one set for each theme.

Only SVG files may enter; the colours and sizes of the themes are in `widgets.style`.
"""

"""What leaves the program for others: Gaussians as .ply, expression curves as .csv.

Each writer is one function over the finished twin or its tracks; files appear whole or not at all.
Nothing here trains or renders.
"""

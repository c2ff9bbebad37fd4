"""How the shipped articulator is made, from speech synthesis to the weights in `resources`; run by hand only.

1. `build_speech.py OUT ENGINE` makes speech with known phones, in an environment of its own.
2. `python -m emotalker.engine.a2et.pretraining.build_articulator SPEECH` hears it, learns, judges, writes the weights.
"""

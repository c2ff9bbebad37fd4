"""From sound to expression: speech features, voice activity and the audio-to-expression transformer (paper, IV-A).

`SpeechEncoder` and `voice_probability` turn 16 kHz sound into frames at 50 Hz; `express` trains an `A2ET` on the
tracked clips of a person; `predict` plays it. Sound and tracks enter, expression tracks leave; nothing here knows
Gaussians.
"""

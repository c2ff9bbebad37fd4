"""The head model laid on what was seen: least squares over whole clips, from who the person is to every frame."""

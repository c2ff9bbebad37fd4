"""Head models: template, identity and expression shapes, joints, skinning, regions, landmark positions.

`HeadModel` is the protocol; the built-in head is derived from CC0 data and lies in resources.
Pictures do not enter: fitting a head to a face is tracking.
"""

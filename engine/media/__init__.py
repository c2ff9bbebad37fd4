"""Clips in and out: video frames, sound, MP4 files and the store of cropped frames.

Everything here streams: memory does not grow with the length of a clip (sound alone is held whole). What enters are
files of any kind FFmpeg reads; what leaves are numpy arrays, RGB u8 and float32 sound, and whole files or none.
"""

from emotalker.engine.media.audio import AudioTrack, read_audio
from emotalker.engine.media.frame_store import FrameStore, FrameStoreWriter
from emotalker.engine.media.info import MediaInfo, probe
from emotalker.engine.media.mp4 import Mp4Writer
from emotalker.engine.media.prefetch import Prefetcher
from emotalker.engine.media.video import FrameSource

__all__ = [
    "AudioTrack",
    "FrameSource",
    "FrameStore",
    "FrameStoreWriter",
    "MediaInfo",
    "Mp4Writer",
    "Prefetcher",
    "probe",
    "read_audio",
]

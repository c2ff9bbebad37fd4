"""The live performance behind a viewport."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.playback.assembly import Assembly
from emotalker.engine.playback.clock import Loop, Now
from emotalker.engine.playback.frames import Frame, PlaybackStats
from emotalker.engine.playback.meter import Meter
from emotalker.engine.playback.scene import BACKENDS, Act, Look, neutral
from emotalker.engine.playback.speaker import OpenDevice, Speaker, system_device
from emotalker.engine.render.view import View

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar, Heard
    from emotalker.engine.gaussians.cpu import GaussianArrays
    from emotalker.engine.media import AudioTrack


class Guest(Protocol):
    """Somebody else who makes the frames for a while, as a microphone does."""

    @property
    def arrays(self) -> GaussianArrays | None:
        """Posed and lit Gaussians of its newest frame."""


class Performer:
    """Plays a twin: sound, clock and frames.

    Everything may be called from any thread and returns at once; frames and errors come in threads of its own, which
    must not wait for the caller.

    Args:
        on_frame: takes a frame at the moment it is to be painted.
        on_error: takes what went wrong; playing is paused by then.
        on_notice: takes a sentence for the user, such as that there is no sound device.
        device: makes the way out for sound.
        now: monotonic seconds, the clock of `shown`.
    """

    def __init__(
        self,
        on_frame: Callable[[Frame], None],
        on_error: Callable[[BaseException], None],
        on_notice: Callable[[str], None] = lambda text: None,
        device: OpenDevice = system_device,
        now: Now = time.perf_counter,
    ) -> None:
        self._report, self._now = on_error, now
        self._lock = threading.RLock()
        self._avatar: Avatar | None = None
        self._heard: Heard | None = None
        self._curve, self._seed = neutral(), 0
        self._guest: Guest | None = None
        self._look = Look()
        self._meter = Meter()
        self._speaker = Speaker(on_notice, device, now)
        self._speaker.open(None, 1)
        self._assembly = Assembly(
            self._speaker.line, lambda: self._speaker.playing, on_frame, self._failed, self._meter, now, on_notice
        )
        self._closed = False

    def set_twin(self, avatar: Avatar | None) -> None:
        """Show this twin, at the same place, playing or not; None shows nothing more."""
        with self._lock:
            self._avatar = avatar
            self._act()

    def set_guest(self, guest: Guest | None) -> None:
        """Make no frames while this one makes them; None goes on. Playing is paused."""
        with self._lock:
            self._speaker.pause()
            self._guest = guest
            self._act()

    def set_voice(self, track: AudioTrack | None, heard: Heard | None) -> None:
        """Say this recording, from its beginning; None keeps silent, and the twin blinks and moves without an end."""
        with self._lock:
            playing = self.playing
            self._heard = heard if track is not None else None
            self._speaker.open(None if track is None else track.original, 1 if track is None else track.rate)
            if playing:
                self._speaker.play()
            self._assembly.jump()
            self._act()

    def set_curve(self, curve: EmotionCurve) -> None:
        """Feel this; shows within a tenth of a second, playing or not."""
        with self._lock:
            if curve != self._curve:
                self._curve = curve
                self._act()

    def set_seed(self, seed: int) -> None:
        """Another performance of blinks and head motion."""
        with self._lock:
            if seed != self._seed:
                self._seed = seed
                self._act()

    def set_view(self, view: View) -> None:
        """Move the camera."""
        self._change_look(view=view)

    def set_size(self, width: int, height: int) -> None:
        """Make pictures of this many pixels."""
        self._change_look(width=max(int(width), 1), height=max(int(height), 1))

    def set_background(self, spec: str) -> None:
        """Put this behind the person; see `emotalker.engine.render.backdrop`."""
        self._change_look(background=spec)

    def set_backend(self, backend: str) -> None:
        """Who draws: "cpu", "gl" (the viewport) or "cuda".

        Raises:
            ValueError: if it is none of these.
        """
        if backend not in BACKENDS:
            raise ValueError(f"{backend} is none of {', '.join(BACKENDS)}")
        self._change_look(backend=backend)

    def set_rate(self, rate: float) -> None:
        """Speed and direction (J K L: -2, -1, 1, 2); sound only at 1."""
        with self._lock:
            self._speaker.set_rate(rate)
            self._assembly.jump()

    def set_loop(self, loop: Loop | None) -> None:
        """Play this range, seconds, again and again; None plays to the end."""
        with self._lock:
            self._speaker.set_loop(loop)
            self._assembly.jump()

    def set_volume(self, volume: float) -> None:
        """0 is mute, 1 as recorded."""
        self._speaker.set_volume(volume)

    def set_device(self, name: str | None) -> None:
        """Play through this sound device, None through the system's, from where it is."""
        with self._lock:
            self._speaker.choose(name)
            self._assembly.jump()

    def play(self) -> None:
        """Go on; at the end, from the beginning."""
        with self._lock:
            self._speaker.play()
            self._assembly.jump()

    def pause(self) -> None:
        """Stop where it is."""
        with self._lock:
            self._speaker.pause()
            self._assembly.jump()

    @property
    def playing(self) -> bool:
        """Whether the clock runs."""
        return self._speaker.playing

    def seek(self, time: float) -> None:
        """Go there, playing or not."""
        with self._lock:
            self._speaker.seek(time)
            self._assembly.jump()

    def scrub(self, time: float) -> None:
        """Go there and let a moment of it be heard; playing is paused."""
        with self._lock:
            if self.playing:
                self._speaker.pause()
            self._speaker.seek(time)
            self._speaker.grain(time)
            self._assembly.jump()

    @property
    def time(self) -> float:
        """Seconds on the audio clock."""
        return self._speaker.position()

    @property
    def duration(self) -> float:
        """Seconds of the recording; 0 without one, when there is no end."""
        duration = self._speaker.line().duration
        return duration if math.isfinite(duration) else 0.0

    @property
    def look(self) -> Look:
        """How the twin is looked at."""
        return self._look

    @property
    def arrays(self) -> GaussianArrays | None:
        """Posed and lit Gaussians of the newest frame, in world space; standing still they are what is on show."""
        guest = self._guest
        return guest.arrays if guest is not None else self._assembly.arrays

    def shown(self, serial: int, moment: float) -> None:
        """The viewport painted a frame at `moment`, `time.perf_counter`."""
        self._meter.shown(serial, moment, self._speaker.line())

    def stats(self) -> PlaybackStats:
        """How it goes."""
        return self._meter.stats(self._now(), self._look.backend, self._assembly.cadence.rate)

    def reset_stats(self) -> None:
        """Count from now."""
        self._meter.reset()

    def close(self) -> None:
        """End every thread and give back the sound device; nothing is called after that."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._speaker.pause()
        self._assembly.close()
        self._speaker.close()

    def _change_look(self, **changes: object) -> None:
        with self._lock:
            # mypy cannot see which field each change belongs to
            look = replace(self._look, **changes)  # type: ignore[arg-type]
            if look != self._look:
                self._look = look
                self._assembly.show(self._assembly.act, look)

    def _act(self) -> None:
        act = None
        if self._avatar is not None and self._guest is None:
            act = Act(self._avatar, self._heard, self._curve, self._seed)
        self._assembly.show(act, self._look)

    def _failed(self, error: BaseException) -> None:
        self._speaker.pause()
        self._report(error)

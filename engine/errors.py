"""The one error a person reads."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can understand and mend.

    Args:
        what: what happened, one plain sentence ("The clip has no face in it.").
        why: the reason as far as the program knows it.
        what_to_do: the next step for the user.
    """

    def __init__(self, what: str, why: str, what_to_do: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        """All three sentences, for terminals and logs."""
        return f"{self.what}\n  Why: {self.why}\n  What to do: {self.what_to_do}"

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str, str]]:
        """Survive the trip out of a child process."""
        return (type(self), (self.what, self.why, self.what_to_do))

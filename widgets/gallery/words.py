"""What a card says about a project."""

from __future__ import annotations

import time
from datetime import datetime

from emotalker.projects.catalog import ProjectCard, State

ICONS: dict[State, tuple[str, str]] = {
    "ready": ("good", "good"),
    "changed": ("warning", "warn"),
    "broken": ("error", "bad"),
    "training": ("train", "accent"),
    "stopped": ("pause", "warn"),
    "untrained": ("clips", "muted"),
    "empty": ("clips", "muted"),
    "missing": ("search", "bad"),
    "damaged": ("error", "bad"),
}
"""Icon and colour of a state."""


def last_used(modified: float, now: float | None = None) -> str:
    """When a project was last changed, as a person says it; empty if it is not known."""
    if modified <= 0:
        return ""
    today = datetime.fromtimestamp(time.time() if now is None else now).date()
    day = datetime.fromtimestamp(modified)
    days = (today - day.date()).days
    if days <= 0:
        return f"Today {day:%H:%M}"
    if days == 1:
        return "Yesterday"
    return f"{days} days ago" if days < 7 else f"{day:%Y-%m-%d}"


def order(cards: list[ProjectCard]) -> list[ProjectCard]:
    """The sample first, then what was used last."""
    return sorted(cards, key=lambda card: (not card.sample, -card.modified, card.name.casefold()))


def matches(card: ProjectCard, text: str) -> bool:
    """Whether a card is meant by what was typed into the search field."""
    wanted = text.casefold().split()
    here = f"{card.name} {card.state} {card.folder.name}".casefold()
    return all(word in here for word in wanted)

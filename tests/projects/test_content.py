"""What a folder of recordings holds."""

from emotalker.projects.content import videos_in


def test_hidden_files_are_no_recordings(tmp_path):
    """Half-written copies and the "._" companions of macOS are passed over, folders below are not."""
    (tmp_path / "below").mkdir()
    (tmp_path / ".trash").mkdir()
    for name in ("b.mp4", "A.MOV", ".a.mp4.x1.mp4", "._b.mp4", "notes.txt", "below/c.mp4", ".trash/d.mp4"):
        (tmp_path / name).write_bytes(b"x")
    assert [str(p.relative_to(tmp_path)) for p in videos_in(tmp_path)] == ["A.MOV", "b.mp4", "below/c.mp4"]

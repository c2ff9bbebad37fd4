"""What a folder of recordings holds."""

from emotalker.projects.content import made_in, videos_in


def test_hidden_files_are_no_recordings(tmp_path):
    """Half-written copies and the "._" companions of macOS are passed over, folders below are not."""
    (tmp_path / "below").mkdir()
    (tmp_path / ".trash").mkdir()
    for name in ("b.mp4", "A.MOV", ".a.mp4.x1.mp4", "._b.mp4", "notes.txt", "below/c.mp4", ".trash/d.mp4"):
        (tmp_path / name).write_bytes(b"x")
    assert [str(p.relative_to(tmp_path)) for p in videos_in(tmp_path)] == ["A.MOV", "b.mp4", "below/c.mp4"]


def test_films_of_a_twin_are_no_recordings(tmp_path):
    """What a project below the folder made itself is passed over; a folder that is merely called so is not."""
    names = ("clips/a.mp4", "runs/evaluate/voice_1_happy.mp4", "films/Ada.mp4", "clips/runs/b.mp4")
    for name in names:
        (tmp_path / "ada" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ada" / name).write_bytes(b"x")
    (tmp_path / "ada" / "project.json").write_text("{}")
    for folder in (tmp_path, tmp_path / "ada"):
        found = [p.relative_to(tmp_path / "ada").as_posix() for p in videos_in(folder)]
        assert found == ["clips/a.mp4", "clips/runs/b.mp4"]
        assert [p.name for p in made_in(folder)] == ["Ada.mp4", "voice_1_happy.mp4"]

"""Words into emotion: every encoder gives usable labels, and phrases mean what people mean."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emotalker.engine import assets
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.emotion.minilm import MiniLmTextEncoder
from emotalker.engine.emotion.text import (
    ASSET,
    TOKEN_WIDTH,
    LabelEmbeddings,
    TableTextEncoder,
    TextEncoder,
    default_encoder,
    embed_text,
    label_embeddings,
)
from emotalker.engine.errors import UserError

needs_minilm = pytest.mark.skipif(assets.path(ASSET) is None, reason="the asset text_minilm is not on this computer")

# None of these is in the list of prototypes.
UNSEEN = {
    "in tears": "sad", "down in the dumps": "sad", "heavy-hearted": "sad", "weeping": "sad",
    "scared stiff": "fear", "worried sick": "fear", "spooked": "fear",
    "yucky mess": "disgusted", "stomach-turning revulsion": "disgusted", "ghastly stench": "disgusted",
    "petulant rage": "angry", "ticked off": "angry", "pissed off": "angry", "grumpily displeased": "angry",
    "jolly": "happy", "cheery grin": "happy", "grinning from ear to ear": "happy",
    "full of scorn": "contempt", "arrogant superiority": "contempt",
    "jaw-dropping amazement": "surprised", "could not believe her eyes": "surprised",
    "tranquil": "neutral", "no emotion at all": "neutral",
}  # fmt: skip


@pytest.fixture(scope="module")
def minilm() -> MiniLmTextEncoder:
    folder = assets.path(ASSET)
    assert folder is not None
    return MiniLmTextEncoder(folder)


def strongest(text: str, encoder: TextEncoder) -> str:
    """The emotion with the largest share."""
    return EMOTIONS[int(embed_text(text, encoder).weights.argmax())]


def check_labels(labels: LabelEmbeddings) -> None:
    """What stage 2 relies on: unit length, different labels apart, ordered levels."""
    assert labels.emotion.shape == (8, TOKEN_WIDTH)
    assert labels.intensity.shape == (3, TOKEN_WIDTH)
    np.testing.assert_allclose(np.linalg.norm(labels.emotion, axis=1), 1, atol=1e-5)
    alike = labels.emotion @ labels.emotion.T - 2 * np.eye(8)
    assert alike.max() < 0.6
    one, two, three = labels.intensity
    assert np.linalg.norm(one - three) > 1.2 * max(np.linalg.norm(one - two), np.linalg.norm(two - three))


def test_table_labels() -> None:
    """Without any model the labels are still well apart and their levels ordered."""
    check_labels(label_embeddings(TableTextEncoder()))


@pytest.mark.assets
@needs_minilm
def test_minilm_labels(minilm: MiniLmTextEncoder) -> None:
    """MiniLM finds level1..3 nearly alike; the ordinal code keeps them apart and in order."""
    check_labels(label_embeddings(minilm))


def test_labels_are_saved_whole() -> None:
    """What the avatar stores is what it reads, and damage is told."""
    labels = label_embeddings(TableTextEncoder())
    again = LabelEmbeddings.from_arrays(labels.to_arrays())
    assert again.encoder == labels.encoder
    np.testing.assert_array_equal(again.emotion, labels.emotion)
    np.testing.assert_array_equal(again.intensity, labels.intensity)
    with pytest.raises(UserError):
        LabelEmbeddings.from_arrays({"emotion": labels.emotion})
    with pytest.raises(UserError):
        LabelEmbeddings.from_arrays({**labels.to_arrays(), "intensity": labels.emotion})


@given(st.floats(0, 3), st.floats(0, 3))
def test_level_tokens_are_continuous(a: float, b: float) -> None:
    """Level 1.5 lies between 1 and 2, and near levels have near tokens (Lipschitz)."""
    labels = label_embeddings(TableTextEncoder())
    gap = np.linalg.norm(labels.level_token(a) - labels.level_token(b))
    assert gap <= 3 * abs(a - b) + 1e-5
    assert not labels.level_token(0.0).any()
    np.testing.assert_allclose(labels.level_token(np.array([1, 2, 3])), labels.intensity, atol=1e-6)


def test_emotion_tokens_mix() -> None:
    """Half happy, half sad is the mean of the two tokens, for any leading shape."""
    labels = label_embeddings(TableTextEncoder())
    weights = np.zeros((4, 2, 8), np.float32)
    weights[..., 1:3] = 0.5
    token = labels.emotion_token(weights)
    assert token.shape == (4, 2, TOKEN_WIDTH)
    np.testing.assert_allclose(token[3, 1], labels.emotion[1:3].mean(0), atol=1e-6)


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=40))
def test_any_text_is_an_emotion_or_refused(text: str) -> None:
    """Whatever is typed, the answer is a valid emotion or a readable error."""
    try:
        found = embed_text(text, TableTextEncoder())
    except UserError:
        return
    assert found.weights.min() >= 0
    assert found.weights.sum() == pytest.approx(1, abs=1e-5)
    assert 0 <= found.level <= 3
    assert 0 <= found.confidence <= 1


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_label_means_itself(emotion: str) -> None:
    """The eight names are understood by the table too, at level 2 (neutral: 0)."""
    found = embed_text(emotion, TableTextEncoder())
    assert EMOTIONS[int(found.weights.argmax())] == emotion
    assert found.level == pytest.approx(0 if emotion == "neutral" else 2, abs=0.4)


def test_strength_words_order_the_level() -> None:
    """Slightly < plain < very, and strong words are stronger than mild ones."""
    table = TableTextEncoder()
    levels = [embed_text(t, table).level for t in ("slightly angry", "angry", "very angry")]
    assert levels == sorted(levels)
    assert levels[0] < levels[1] < levels[2]
    assert embed_text("annoyed", table).level < embed_text("furious", table).level
    assert embed_text("sad, level 2.5", table).level == pytest.approx(2.5)


def test_mixes_and_denials() -> None:
    """The words "and" and "but" mix, the stronger part weighs more; "not happy" is not happy."""
    table = TableTextEncoder()
    mixed = embed_text("very happy but a bit nervous", table)
    happy, fear = mixed.weights[EMOTIONS.index("happy")], mixed.weights[EMOTIONS.index("fear")]
    assert happy > fear > 0.1
    assert embed_text("not happy", table).level == 0
    assert strongest("not happy", table) == "neutral"


@pytest.mark.parametrize(
    "text",
    [
        "I am not happy", "she is not angry", "I'm not very happy", "very not happy", "don't be sad", "no longer sad",
        "they aren't scared", "You’re not angry", "please don't be sad", "not sad at all", "without fear",
    ],
)  # fmt: skip
def test_what_is_denied_is_not_shown(text: str) -> None:
    """However the denial is put, the face stays neutral."""
    assert strongest(text, TableTextEncoder()) == "neutral"
    assert embed_text(text, TableTextEncoder()).level == 0


def test_a_denial_beside_a_feeling_takes_nothing_from_it() -> None:
    """Happy without fear is happy; a phrase that only begins with "no" denies nothing."""
    table = TableTextEncoder()
    for text in ("happy but not sad", "happy without fear", "he is happy"):
        np.testing.assert_array_equal(embed_text(text, table).weights, embed_text("happy", table).weights, err_msg=text)
    assert strongest("no respect for them", table) == "contempt"
    assert embed_text("a bit of anger", table).level < embed_text("anger", table).level
    assert embed_text("sad, level 2,5", table).level == pytest.approx(2.5)


def test_table_knows_when_it_does_not_know() -> None:
    """A word that is no emotion is answered with little confidence; empty text is refused."""
    assert not embed_text("banana", TableTextEncoder()).sure
    assert embed_text("joyfully", TableTextEncoder()).sure
    with pytest.raises(UserError):
        embed_text("  ", TableTextEncoder())


@pytest.mark.assets
@needs_minilm
def test_minilm_understands_unseen_phrases(minilm: MiniLmTextEncoder) -> None:
    """At least four of five phrases that are in no list mean what people mean by them."""
    right = sum(strongest(text, minilm) == emotion for text, emotion in UNSEEN.items())
    assert right >= 0.8 * len(UNSEEN)


@pytest.mark.assets
@needs_minilm
def test_a_phrase_has_one_vector(minilm: MiniLmTextEncoder) -> None:
    """Alone or in company, a phrase is encoded alike, at unit length."""
    together = minilm.encode(["sad", "a rather long phrase about sadness", "mad"])
    np.testing.assert_allclose(together[0], minilm.encode(["sad"])[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_hub_offline_falls_back_quickly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asked for CLIP without a network, it says so within two seconds and uses the table."""
    monkeypatch.setattr("emotalker.engine.emotion.clip_text.reachable", lambda _addresses: set())
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_args: None)
    monkeypatch.setenv("EMOTALKER_DATA", str(tmp_path))
    told: list[str] = []
    started = time.monotonic()
    encoder = default_encoder("hub", told.append)
    assert time.monotonic() - started < 2
    assert encoder.name == "table"
    assert len(told) == 2
    assert "CLIP" in told[0]


def test_a_clip_file_of_the_users_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weights file of an open_clip model (here: tiny, random) is loaded, text tower only, and gives unit vectors."""
    from emotalker.engine.emotion.clip_text import ClipTextEncoder
    from emotalker.engine.torchvision_guard import make_torchvision_importable

    make_torchvision_importable()
    import open_clip
    from open_clip.transformer import TextTransformer
    from safetensors.torch import save_file

    text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    monkeypatch.setattr(open_clip, "get_model_config", lambda _name: {"embed_dim": 24, "text_cfg": text})
    torch.manual_seed(0)
    state = TextTransformer(width=32, heads=2, layers=2, output_dim=24).state_dict()
    file = tmp_path / "clip.safetensors"
    save_file({**state, "visual.proj": torch.zeros(3)}, file)
    encoder = ClipTextEncoder(file)
    vectors = encoder.encode(["happy", "level1", "happy"])
    assert vectors.shape == (3, 24)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-6)
    assert label_embeddings(encoder).encoder == encoder.name


@pytest.mark.parametrize("content", [None, b"not weights"])
def test_a_bad_clip_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    """A missing or damaged file of the user's is an error, never a silent fallback."""
    file = tmp_path / "clip.pt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError):
        default_encoder(str(file))
    with pytest.raises(UserError):
        default_encoder(f"no-such-model={file}")


def test_torchvision_imports_beside_cpu_torch() -> None:
    """The guard makes the first import of torchvision work in a fresh interpreter, and may be called again."""
    code = (
        "from emotalker.engine.torchvision_guard import make_torchvision_importable as guard\n"
        "guard(); guard()\nimport torchvision, open_clip\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@needs_minilm
@pytest.mark.parametrize(
    ("phrase", "emotion", "low", "high"),
    [
        ("secretly fuming but polite", "angry", 1.5, 3.0),
        ("smirking villain", "contempt", 0.5, 2.0),
        ("butterflies in my stomach", "fear", 0.5, 2.0),
        ("bittersweet nostalgia", "sad", 0.5, 2.0),
        ("on cloud nine today", "happy", 2.0, 3.0),
        ("mind blown", "surprised", 2.0, 3.0),
        ("meh", "neutral", 0.0, 0.0),
    ],
)
def test_odd_phrases_make_sane_faces(phrase: str, emotion: str, low: float, high: float) -> None:
    """A known word within odd company decides; the level fits the word."""
    found = embed_text(phrase)
    assert int(found.weights.argmax()) == EMOTIONS.index(emotion)
    assert low <= found.level <= high
    assert found.sure


@needs_minilm
@pytest.mark.parametrize("text", ["sehr traurig", "qwerty zxcv", "asdf", "muy triste", "happy and qwerty"])
def test_what_lies_between_emotions_is_none(text: str) -> None:
    """Foreign and made-up words are somewhat near to several emotions; that is no evidence for any of them."""
    assert not embed_text(text).sure


@needs_minilm
@pytest.mark.parametrize("text", ["hopeful", "weeping", "spooked", "pissed off", "ghastly stench", "excited"])
def test_words_in_no_list_that_say_one_emotion_are_understood(text: str) -> None:
    """What is not in our lists is understood where it points to one emotion."""
    assert embed_text(text).sure


@needs_minilm
def test_a_guess_is_worn_lightly() -> None:
    """What is not understood is said to be, and makes no face of full strength."""
    found = embed_text("like a cat that got the cream")
    assert not found.sure
    assert found.level < 1.5

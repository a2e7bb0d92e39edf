"""The engine in Hugging Face's library, with the small model: `make test-transformers PYTHON=...`, since torch is large."""

from __future__ import annotations

import pytest

from app.base.errors import AppError
from app.llm.answerer import Outside
from app.llm.chat import Message
from app.llm.models import WEIGHTS, find
from app.llm.sampling import Sampling
from app.simulate import outside_engines

pytest.importorskip("transformers", reason="not a dependency: make test-transformers")
pytestmark = pytest.mark.filterwarnings("default")  # torch's own

MODEL = find("smollm2-135m-instruct")
ASKED = [Message("system", "Be brief."), Message("user", "What is the capital of France?")]
WARM = Sampling(temperature_milli=900, seed=3)


@pytest.fixture(scope="module")
def engine() -> Outside:
    return outside_engines.connect(f"transformers:{WEIGHTS}#{MODEL.file}", {})


def test_a_real_model_answers(engine: Outside) -> None:
    out = engine.complete(ASKED, Sampling(), 40)
    assert "Paris" in out.text and out.finish_reason == "stop" and 0 < out.completion_tokens < 40 and out.prompt_tokens > 10
    cut = engine.complete(ASKED, Sampling(), 3)
    assert (cut.finish_reason, cut.completion_tokens) == ("length", 3) and out.text.startswith(cut.text)
    assert engine.complete(ASKED, WARM, 8) == engine.complete(ASKED, WARM, 8)
    assert (engine.kind, engine.name, engine.host) == ("transformers", MODEL.file, None) and engine.version


def test_a_folder_without_a_model() -> None:
    with pytest.raises(AppError) as info:
        outside_engines.connect("transformers:/nowhere", {})
    assert info.value.code == "engine.failed"

"""What shaped an answer besides model and request, as every job reports it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from app import strict_json
from app.llm.sampling import Sampling
from app.report import Parameters, PromptTemplate


def parameters(
    fixed: Mapping[str, Any], sampling: Sampling, max_tokens: int, *, system: Literal["default", "caller"] = "default"
) -> Parameters:
    """Return the parameters of an answer; `fixed` is all that the job puts around the caller's words, with its `id`."""
    template = PromptTemplate(id=fixed["id"], sha256=hashlib.sha256(strict_json.dumps(fixed)).hexdigest())
    return Parameters(
        max_tokens=max_tokens,
        min_p_milli=sampling.min_p_milli,
        prompt_template=template,
        repeat_penalty_milli=sampling.repeat_penalty_milli,
        seed=sampling.seed,
        system=system,
        temperature_milli=sampling.temperature_milli,
        top_k=sampling.top_k,
        top_p_milli=sampling.top_p_milli,
    )

"""The parameters that shaped an answer besides model and request, in the form that every job reports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Literal

from app.formats import strict_json
from app.llm.sampling import Sampling
from app.result.report import Parameters, PromptTemplate


def constants(module: ModuleType) -> dict[str, Any]:
    """Return every constant of `module` by its capitalised name, as JSON values.

    So no constant that decides an answer is missing. Capitalised names of types and of other modules' constants are left out.
    """
    named = {name: value for name, value in vars(module).items() if name.strip("_").isupper()}
    return {name: _plain(value) for name, value in named.items() if isinstance(value, _VALUES)}


_VALUES = (str, int, tuple, list, dict, re.Pattern)


def _plain(value: Any) -> Any:
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def parameters(
    fixed: Mapping[str, Any], sampling: Sampling, max_tokens: int, *, system: Literal["default", "caller"] = "default"
) -> Parameters:
    """Return the parameters of an answer. `fixed` is everything that the job puts around the caller's words, with its `id`."""
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

"""What a result says: the report, and the signed envelope around it.

    result.json = {"attestation": {domain, message, signature, signer}, "report": {...}}   (RFC 8785)

Results are public by default, so no field holds the input or a plain hash of it: `request` covers
what is public anyway and, only when the caller sent a 32-byte salt, a salted commitment.
No clock, host, path, thread count or float is ever part of a report.
"""

from __future__ import annotations

from typing import Literal

from app.crypto.signing import Domain, ResultStruct
from app.formats.hex_fields import Address, Digest32, Sha256, Signature65
from app.formats.strict_model import Count, Strict
from app.result.answers.answer import Answer, Job, JobAnswer, Mode
from app.result.answers.score import SuiSignatures

FORMAT: Literal["sealed-llm/report/1"] = "sealed-llm/report/1"


class Failure(Strict):
    """The error that stands in the place of an answer."""

    code: str
    """A stable code of docs/reference/errors.md."""
    message: str
    """The message in lower case, without any content of the input."""
    hint: str
    """What the reader can do about it."""


class PromptTemplate(Strict):
    """The fixed words around the caller's."""

    id: str
    """The name and version of the job's prompt, such as ask/1."""
    sha256: Sha256
    """SHA-256 of the canonical JSON of everything that the job puts around the caller's words: every fixed word of its prompts,
    the rules for further attempts and for reading examples, the limits that decide, and the chat template of the GGUF file."""


class Parameters(Strict):
    """Everything besides model and request that determines the answer."""

    max_tokens: Count
    """The upper bound of completion_tokens. An engine outside of the image uses only this, temperature, top_p and seed."""
    min_p_milli: Count
    """The least probability relative to the likeliest token, in thousandths; unused at temperature 0."""
    prompt_template: PromptTemplate
    repeat_penalty_milli: Count
    """The divisor for the logits of the last 64 generated tokens, in thousandths; 1000 means no penalty."""
    seed: Count
    """The seed of the sampler; unused at temperature 0."""
    system: Literal["default", "caller"]
    """Whose system prompt was used. A caller's own is private and never shown."""
    temperature_milli: Count
    """The temperature in thousandths; 0 always picks the likeliest token."""
    top_k: Count
    """The number of tokens kept before top_p; unused at temperature 0."""
    top_p_milli: Count
    """The probability mass kept, in thousandths; unused at temperature 0."""


class ModelInfo(Strict):
    """The weights that ran, and the engine that ran them."""

    name: str
    """The name of the model in app/llm/models.toml."""
    sha256: Sha256
    """SHA-256 of the GGUF file, checked right before it was loaded."""
    engine: str
    """The engine and its version."""
    build: Sha256
    """SHA-256 of the canonical JSON of app/llm/build.toml, which holds the source archive and the flags below."""
    flags: tuple[str, ...]
    """The build flags of llama.cpp; the loaded library was asked and confirms them."""


class OutsideModel(Strict):
    """The engine that answered a simulation in place of an embedded model. None of this is checked, and modelHash is zero."""

    embedded: Literal[False]
    engine: Literal["openai-compatible", "transformers"]
    host: str | None
    """The host of the server; null for a library."""
    name: str
    """The name of the model as the developer gave it."""
    version: str | None
    """The version of the library; null for a server."""

    def __str__(self) -> str:
        """Return the engine in a few words."""
        return f"{self.name} ({self.engine}{f' at {self.host}' if self.host else ''})"


class RequestInfo(Strict):
    """The public part of the request. keccak256 of its canonical JSON is requestHash."""

    args_hash: Digest32
    """keccak256 of the canonical JSON array of the arguments (public on chain), without --threads and --no-mmap."""
    commitment: Digest32 | None
    """keccak256(salt | canonical JSON of the decoded request) if the request held a `salt`, else null."""
    datasets: tuple[Address | None, ...]
    """The addresses of the protectedData, in order; null if the worker gave a name that is not an address."""
    input_files: tuple[str, ...]
    """The names of the requester's input files: 0x + SHA-256 of their urls."""


InputKind = Literal["prompt", "material", "email", "chat", "form", "code", "wallet", "history", "options", "unknown"]


class Input(Strict):
    """One kind of thing that a source held, and whether it was used; never any of its content."""

    source: Literal["dataset", "secret", "input_file", "args"]
    number: Count | None
    """The number of the secret, or the place among the input files; null for the dataset and the args."""
    kind: InputKind
    """prompt: words that say what to do. material: text that the prompt is about. form: a questionnaire or its answers.
    unknown: fields of a dataset that this program does not know."""
    used: bool
    """false: the input was left aside, because an earlier source gave the same field or because the job does not use it."""


class DraftItem(Strict):
    """The outcome of one dataset of a bulk slice, before its score is signed."""

    index: Count
    """The number of the dataset, counted from 1, as in IEXEC_DATASET_<index>_FILENAME."""
    dataset: Address | None
    success: bool
    """false: there is an error, or an answer that is not what was asked for; its status says why."""
    kind: Job | None
    mode: Mode | None
    answer: JobAnswer | None
    error: Failure | None
    parameters: Parameters | None
    inputs: tuple[Input, ...]
    """What each source held and whether it was used, in the order of the sources."""
    commitment: Digest32 | None


class BulkItem(DraftItem):
    """The outcome of one dataset of a bulk slice."""

    answer: Answer | None


class DraftBulk(Strict):
    """All items of a bulk slice, before their scores are signed."""

    totalCount: Count  # noqa: N815
    successCount: Count  # noqa: N815
    errorCount: Count  # noqa: N815
    results: tuple[DraftItem, ...]


class Bulk(DraftBulk):
    """All items of a bulk slice. The names of the counters are those of iExec's own bulk apps."""

    results: tuple[BulkItem, ...]


class Draft(Strict):
    """The report of one task, before its scores are signed."""

    format: Literal["sealed-llm/report/1"] = FORMAT
    version: str
    """The version of the program that made the report, as `--version` shows it."""
    task_id: Digest32 | None
    """The iExec task id, from IEXEC_TASK_ID; null outside of a task."""
    bot_index: Count | None
    """The place of this task in its bag of tasks, from IEXEC_BOT_TASK_INDEX; null if the worker did not set it."""
    status: Literal["ok", "failed", "error", "incomplete"]
    """ok: the answer is what was asked for. failed: there is an answer, but not the one asked for; answer.status says why, in
    bulk the status of each item without success. error: see `error`. incomplete: this report was written ahead, and the task
    was stopped before it was done."""
    kind: Job | None
    """The job. null if the request could not be read, and in bulk, where each item has its own."""
    mode: Mode | None
    """ai: the answer holds the model's words. fallback: the model failed and fixed words took their place. count: the score
    comes from a number of transactions alone. null: there is no answer."""
    answer: JobAnswer | None
    error: Failure | None
    bulk: DraftBulk | None
    """Set only for a bulk slice; answer, kind and parameters are then null here."""
    model: ModelInfo | OutsideModel | None
    """null if no model was loaded. Only `simulate --engine` gives the second kind, never a task."""
    parameters: Parameters | None
    inputs: tuple[Input, ...]
    """What each source held and whether it was used, in the order of the sources. In bulk it is empty here, and each item has
    its own."""
    request: RequestInfo
    blinding: Digest32 | None = None
    """32 bytes derived from the key and the task id. A callback publishes reportHash, and they keep the report from being
    guessed by that hash."""
    key_origin: Literal["app-secret", "ephemeral"]
    """ephemeral: there was no app secret, so the signer proves integrity only and cannot be trusted in advance."""

    @property
    def embedded_model(self) -> ModelInfo | None:
        """Return the model if it was inside the image, else None."""
        return self.model if isinstance(self.model, ModelInfo) else None

    @property
    def outside_model(self) -> OutsideModel | None:
        """Return the outside engine that answered in place of an embedded model; None in every result of a task."""
        return self.model if isinstance(self.model, OutsideModel) else None


class Report(Draft):
    """The report of one task."""

    answer: Answer | None
    bulk: Bulk | None
    """Set only for a bulk slice; answer, kind and parameters are then null here."""


class Attestation(Strict):
    """The signature and the words that it covers. Every verifier recomputes the words and never trusts them."""

    domain: Domain
    message: ResultStruct
    signature: Signature65
    signer: Address
    """The signer's address, as a hint only. The verifier must know the trusted address from elsewhere."""
    sui: SuiSignatures | None = None
    """Only in a result with scores: the signatures of the message that binds the report's hash (app/crypto/sui.py, intent
    1)."""


class Result(Strict):
    """The whole content of result.json."""

    attestation: Attestation
    report: Report

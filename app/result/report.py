"""What a result says: the report, and the signed envelope around it.

    result.json = {"attestation": {domain, message, signature, signer}, "report": {...}}   (RFC 8785)

Results are public by default, so no field holds the input or a plain hash of it: `request` covers
what is public anyway and, only when the caller sent a 32-byte salt, a salted commitment.
No clock, host, path, thread count or float is ever part of a report.
"""

from __future__ import annotations

from typing import Literal

from app.crypto.signing import Domain, Message
from app.formats.hex_fields import Address, Digest32, Sha256, Signature65
from app.formats.strict_model import Count, Strict
from app.result.answers.answer import Answer, Job, JobAnswer, Mode
from app.result.answers.score import SuiSignatures

FORMAT: Literal["sealed-llm/report/1"] = "sealed-llm/report/1"


class Failure(Strict):
    """Why there is no answer."""

    code: str
    """Stable, one of docs/reference/errors.md."""
    message: str
    """Lower case, without any of the input's content."""
    hint: str
    """What to do about it."""


class PromptTemplate(Strict):
    """The fixed words around the caller's."""

    id: str
    """Name and version of the job's prompt, e.g. ask/1."""
    sha256: Sha256
    """SHA-256 of the canonical JSON of all that the job puts around the caller's words: every fixed word of its prompts, the
    rules by which it tries again and reads examples, the limits that decide, and the GGUF's own chat template."""


class Parameters(Strict):
    """Everything besides model and request that decides the answer."""

    max_tokens: Count
    """Upper bound of completion_tokens. An engine outside of the image goes by this, temperature, top_p and seed alone."""
    min_p_milli: Count
    """Minimum probability relative to the best token, in thousandths; unused at temperature 0."""
    prompt_template: PromptTemplate
    repeat_penalty_milli: Count
    """Divisor for the logits of the last 64 generated tokens, in thousandths; 1000 is none."""
    seed: Count
    """Seed of the sampler; unused at temperature 0."""
    system: Literal["default", "caller"]
    """Whose system prompt was used. A caller's own is private and never shown."""
    temperature_milli: Count
    """Temperature in thousandths; 0 picks the likeliest token every time."""
    top_k: Count
    """Tokens kept before top_p; unused at temperature 0."""
    top_p_milli: Count
    """Probability mass kept, in thousandths; unused at temperature 0."""


class ModelInfo(Strict):
    """Which weights ran on which engine."""

    name: str
    """Name in app/llm/models.toml."""
    sha256: Sha256
    """SHA-256 of the GGUF file, checked right before it was loaded."""
    engine: str
    """Engine and version."""
    build: Sha256
    """SHA-256 of the canonical JSON of app/llm/build.toml: source archive and the flags below."""
    flags: tuple[str, ...]
    """How llama.cpp was configured; the loaded library was asked and agrees."""


class OutsideModel(Strict):
    """What answered a simulation in the place of an embedded model. None of this is checked, and modelHash is zero."""

    embedded: Literal[False]
    engine: Literal["openai-compatible", "transformers"]
    host: str | None
    """Of the server; null for a library."""
    name: str
    """As the developer gave it."""
    version: str | None
    """Of the library; null for a server."""

    def __str__(self) -> str:
        """Return it in a few words."""
        return f"{self.name} ({self.engine}{f' at {self.host}' if self.host else ''})"


class RequestInfo(Strict):
    """The public side of the request. keccak256 of its canonical JSON is requestHash."""

    args_hash: Digest32
    """keccak256 of the canonical JSON array of the arguments (public on chain), --threads and --no-mmap left out."""
    commitment: Digest32 | None
    """keccak256(salt | canonical JSON of the decoded request) if the request held a `salt`, else null."""
    datasets: tuple[Address | None, ...]
    """Addresses of the protectedData, in order; null where the worker gave a name that is no address."""
    input_files: tuple[str, ...]
    """Names of the requester's input files: 0x + SHA-256 of their urls."""


InputKind = Literal["prompt", "material", "email", "chat", "form", "code", "wallet", "history", "options", "unknown"]


class Input(Strict):
    """One kind of thing that a source held, and what became of it; never any of its content."""

    source: Literal["dataset", "secret", "input_file", "args"]
    number: Count | None
    """Number of the secret, or place among the input files; null for the dataset and the args."""
    kind: InputKind
    """prompt: words that say what to do. material: text that is asked about. form: a questionnaire or its answers. unknown:
    fields of a dataset that mean nothing to this program."""
    used: bool
    """false: left aside, since a source before it gave the same, or since it is no part of the job."""


class DraftItem(Strict):
    """The outcome for one dataset of a bulk slice, before its score is signed."""

    index: Count
    """1-based, as in IEXEC_DATASET_<index>_FILENAME."""
    dataset: Address | None
    success: bool
    """false: there is an error, or an answer whose status says why it is not what was asked for."""
    kind: Job | None
    mode: Mode | None
    answer: JobAnswer | None
    error: Failure | None
    parameters: Parameters | None
    inputs: tuple[Input, ...]
    """What each source held and whether it was used, in the order of the sources."""
    commitment: Digest32 | None


class BulkItem(DraftItem):
    """The outcome for one dataset of a bulk slice."""

    answer: Answer | None


class DraftBulk(Strict):
    """All items of a bulk slice, before their scores are signed."""

    totalCount: Count  # noqa: N815
    successCount: Count  # noqa: N815
    errorCount: Count  # noqa: N815
    results: tuple[DraftItem, ...]


class Bulk(DraftBulk):
    """All items of a bulk slice; the counter names are those of iExec's own bulk apps."""

    results: tuple[BulkItem, ...]


class Draft(Strict):
    """What happened in one task, before its scores are signed."""

    format: Literal["sealed-llm/report/1"] = FORMAT
    version: str
    """Of the program that made it, as `--version` shows it."""
    task_id: Digest32 | None
    """The iExec task, from IEXEC_TASK_ID; null outside of one."""
    bot_index: Count | None
    """Place of this task in its bag of tasks, from IEXEC_BOT_TASK_INDEX; null if the worker did not say."""
    status: Literal["ok", "failed", "error", "incomplete"]
    """ok: the answer is what was asked for. failed: there is an answer, but it is not: see answer.status, in bulk that of
    each item without success. error: see `error`. incomplete: written ahead, and the task was stopped before it was done."""
    kind: Job | None
    """The job; null if the request could not be read, and in bulk, where each item has its own."""
    mode: Mode | None
    """ai: the model's words are in the answer; fallback: it failed and fixed words took their place;
    count: a score from a number of transactions alone; null: no answer."""
    answer: JobAnswer | None
    error: Failure | None
    bulk: DraftBulk | None
    """Only for a bulk slice; then answer, kind and parameters are null here."""
    model: ModelInfo | OutsideModel | None
    """null if no model was loaded. The second kind comes out of `simulate --engine` alone, never out of a task."""
    parameters: Parameters | None
    inputs: tuple[Input, ...]
    """What each source held and whether it was used, in the order of the sources; in bulk empty here, and in each item."""
    request: RequestInfo
    blinding: Digest32 | None = None
    """32 bytes made of the key and the task id: a callback publishes reportHash, which they keep from being guessed at."""
    key_origin: Literal["app-secret", "ephemeral"]
    """ephemeral: there was no app secret, so the signer proves integrity only and cannot be trusted beforehand."""

    @property
    def embedded_model(self) -> ModelInfo | None:
        """Return the model if it was inside the image, else None."""
        return self.model if isinstance(self.model, ModelInfo) else None

    @property
    def outside_model(self) -> OutsideModel | None:
        """Return what answered in an embedded model's place, None in every result of a task."""
        return self.model if isinstance(self.model, OutsideModel) else None


class Report(Draft):
    """What happened in one task."""

    answer: Answer | None
    bulk: Bulk | None
    """Only for a bulk slice; then answer, kind and parameters are null here."""


class Attestation(Strict):
    """The signature and what it covers; recomputed by every verifier, never believed."""

    domain: Domain
    message: Message
    signature: Signature65
    signer: Address
    """A hint. The trusted address comes from the verifier."""
    sui: SuiSignatures | None = None
    """Only in a result with scores: signatures of the message that binds the report's hash (app/crypto/sui.py, intent 1)."""


class Result(Strict):
    """The whole of result.json."""

    attestation: Attestation
    report: Report

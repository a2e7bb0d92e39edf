"""The answer of the job `score`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.base.limits import LIMITS
from app.crypto.score_statement import HOST, Giver, Origin
from app.formats.hex_fields import Address, Digest32, Sha256, Signature65
from app.formats.strict_model import Count, Strict
from app.wallet.history import HistoryFormat

Percent = Annotated[int, Field(ge=0, le=100)]
Signed = Annotated[int, Field(ge=-LIMITS.json_integer, le=LIMITS.json_integer)]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class Provenance(Strict):
    """Which data the score is based on, and where it came from."""

    origin: Origin
    """requester: whoever ordered the task gave the history, or a part of it; owner: the protected data holds it, with the
    wallet, and whose data that is only its address among `request.datasets` says; enclave: it was fetched from `host`. Of a
    history that was given nothing is known to be true, however much it looks like an explorer's answer."""
    host: Annotated[str, Field(pattern=HOST)] | None
    """Whom the enclave asked, by TLS certificate; with the port, if it is not the usual one. The requester chose it. null for a
    history that was given."""
    format: HistoryFormat
    """How the history is written. Anyone can write so: see `origin`."""
    chain_id: Count
    chain_checked: bool
    """The source said itself that it serves this chain, as a node does. false: the request says so."""
    as_of_block: Count | None
    """null if neither the history nor a record tells."""
    as_of_time: Count
    """Unix seconds: when the data was taken, as it says itself, or the newest record's time; 0 if there is neither. Features
    go by it; what is signed of a given history is the newest record's time, see `timestamp_ms`."""
    records: Count
    """Transactions and token transfers read."""
    left_out: Count
    """Rows that were read and are no records of the wallet's own: internal, pending, removed, of blocks or withdrawals."""
    truncated: bool
    """The source had more than it gave."""
    sha256: Sha256 | None
    """SHA-256 of the canonical JSON of all records: the same for every source of the same records. null if a dataset or a
    secret held any of them, since whoever guesses them could tell; a salted commitment binds those."""
    labels_sha256: Sha256
    """SHA-256 of the packaged address lists, never of anybody's own."""
    own_labels: Giver | None
    """Who gave further lists of flagged addresses; a salted commitment binds them. null: nobody."""

    def where_from(self) -> str:
        """Return in a sentence for people where the history came from, and what nobody checked."""
        if self.origin == "enclave":
            chain = "as it says" if self.chain_checked else "as the request says: nobody checked that"
            said = (
                f"history fetched by the enclave from {self.host}, whom the requester chose; of chain {self.chain_id}, {chain}"
            )
        else:
            giver = "the requester" if self.origin == "requester" else "the owner of the protected data"
            said = f"history given by {giver}: nobody checked it"
        if self.own_labels is None:
            return said
        giver = "the requester" if self.own_labels == "requester" else "the owner of the protected data"
        return f"{said}; with lists of flagged addresses given by {giver}"


class Points(Strict):
    """What one feature is worth in the table."""

    feature: str
    factor: Literal["activity", "maturity", "diversity", "conduct", "risk"]
    points: Signed
    """Below zero for a deduction."""
    most: Count
    """The most that the feature can bring."""


class Claim(Strict):
    """One sentence about the wallet and the features that it rests on."""

    kind: Literal["reasoning", "strength", "risk", "advice"]
    text: str
    """Every number in it is the value of a feature in `evidence`, or the score."""
    evidence: tuple[str, ...]
    """Names of features."""
    by: Literal["model", "template"]
    """template: fixed words, where the model failed or wrote what the features do not bear out."""


class Fallback(Strict):
    """Why fixed words stand where the model's could."""

    code: str
    """One of docs/reference/errors.md: model.*, engine.*, or claims.rejected if every sentence of the model's was refused."""
    message: str
    """Lower case, without any of the input's content."""
    hint: str
    """What to do about it."""


class Breakdown(Strict):
    """The factors under the names that the earlier API used, each 0 to 100."""

    activity: Percent
    maturity: Percent
    diversity: Percent
    conduct: Percent
    riskBehavior: Percent  # noqa: N815
    """100 without any deduction."""
    surveyMatch: Percent | None  # noqa: N815
    """Share of survey questions with an answer; null without a survey. It moves no score."""


class Metadata(Strict):
    """The texts and features in the form of the earlier API."""

    scoreBreakdown: Breakdown | None  # noqa: N815
    """null in mode count."""
    reasoning: str
    risk_factors: tuple[str, ...]
    strengths: tuple[str, ...]
    features: dict[str, Count | None]
    """Every feature of docs/reference/features.md with its value; null: the source does not tell."""


class Scorecard(Strict):
    """The table that made the score."""

    version: str
    sha256: Sha256
    base: Signed
    points: tuple[Points, ...]
    kept: Count
    """Points that earlier months had earned and clean months since have kept."""


class SuiSignature(Strict):
    """A signature that a Sui Move contract checks."""

    public_key: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{66})$")]
    """33 bytes compressed for secp256k1, 32 bytes for ed25519, hex without 0x."""
    signature: Hex64
    """r | s over SHA-256 of the message, or the ed25519 signature of the message itself."""
    sui_address: Digest32


class SuiSignatures(Strict):
    """One message (app/crypto/sui.py), two schemes."""

    secp256k1: SuiSignature
    ed25519: SuiSignature


class UnsignedScore(Strict):
    """A wallet's score, and what it rests on."""

    score: Annotated[int, Field(ge=0, le=1000)]
    wallet_address: Address
    """In the letter case that is signed."""
    address_form: Literal["lower", "as_given"]
    timestamp_ms: Count
    """As of when the data holds, milliseconds; never the time of the run. Of a fetched history the block's time, of a given one
    the newest record's, whatever else it says; 0 if there is no record."""
    tier: str
    """From the table: premium from 800, standard from 600, else basic."""
    claims: tuple[Claim, ...]
    metadata: Metadata
    scorecard: Scorecard | None
    """null in mode count: the score is min(1000, 10 x transactions)."""
    data: Provenance
    fallback: Fallback | None
    """Why no sentence is the model's; null if one is, and in mode count, which has nothing to word."""
    completion_tokens: Count
    """Tokens the model wrote for the texts, those thrown away included."""


class ScoreAnswer(UnsignedScore):
    """A wallet's score, what it rests on, and the signatures that contracts check."""

    signature: Hex64 | None
    """secp256k1 of intent 0, under the earlier API's name: the 60 bytes name neither chain nor host nor origin. null if the
    history was given, or lists of flagged addresses were."""
    sui: SuiSignatures | None
    """Intent 0 by both schemes; null where `signature` is."""
    sui_origin: SuiSignatures
    """Intent 2 for a given history, intent 3 for a fetched one: with chain, origin and host."""
    evm: Signature65
    """EIP-712 of the same facts (app/crypto/evm_score.py), under the result's domain."""

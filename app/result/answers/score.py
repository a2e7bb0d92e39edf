"""The answer of the job `score`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from app.base.limits import LIMITS
from app.crypto.score_statement import HOST, Giver, HistoryOrigin
from app.formats.hex_fields import Address, Digest32, Sha256, Signature65
from app.formats.strict_model import Count, Strict
from app.wallet.history import HistoryFormat

Percent = Annotated[int, Field(ge=0, le=100)]
Signed = Annotated[int, Field(ge=-LIMITS.json_integer, le=LIMITS.json_integer)]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class Provenance(Strict):
    """Which data the score rests on, and where the data came from."""

    origin: HistoryOrigin
    """requester: the requester gave the history, or a part of it. owner: the protected data holds the history together with the
    wallet; its address among `request.datasets` is all that is known of the owner. enclave: the enclave fetched the history
    from `host`. A history that was given is unverified, however much it looks like an explorer's answer."""
    host: Annotated[str, Field(pattern=HOST)] | None
    """The host that the enclave asked, authenticated by its TLS certificate, with the port if it is not the usual one. The
    requester chose it. null for a history that was given."""
    format: HistoryFormat
    """The format of the history. Anyone can write in it: see `origin`."""
    chain_id: Count
    chain_checked: bool
    """true: the source itself said that it serves this chain, as a node does. false: only the request says so."""
    as_of_block: Count | None
    """The block up to which the history goes; null if neither the history nor a record tells."""
    as_of_time: Count
    """The time of the data in Unix seconds: as the data itself says, else the newest record's time, else 0. The features are
    computed for this time. For a history that was given, the signatures use the newest record's time instead, see
    `timestamp_ms`."""
    records: Count
    """The number of transactions and token transfers that were read."""
    left_out: Count
    """The number of rows that were read but are not records of the wallet: internal, pending, removed, or of blocks or
    withdrawals."""
    truncated: bool
    """Whether the source had more records than it gave."""
    sha256: Sha256 | None
    """SHA-256 of the canonical JSON of all records, the same for every source of the same records. null if a dataset or a
    secret held any of them, because the digest would confirm a guess at them; a salted commitment covers those."""
    labels_sha256: Sha256
    """SHA-256 of the packaged address lists, never of a list that somebody gave."""
    own_labels: Giver | None
    """Who gave further lists of flagged addresses; a salted commitment covers the lists. null: nobody."""

    def where_from(self) -> str:
        """Return a sentence for people that says where the history came from and what nobody has checked."""
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
    """The points of one feature in the scorecard."""

    feature: str
    factor: Literal["activity", "maturity", "diversity", "conduct", "risk"]
    points: Signed
    """The points of the feature; below zero for a deduction."""
    most: Count
    """The most points that the feature can bring."""


class Claim(Strict):
    """A sentence about the wallet, with the features that it rests on."""

    kind: Literal["reasoning", "strength", "risk", "advice"]
    text: str
    """The sentence. Every number in it is the value of a feature in `evidence`, or the score."""
    evidence: tuple[str, ...]
    """The names of features."""
    by: Literal["model", "template"]
    """model: the model wrote the sentence. template: it is fixed, because the model failed or wrote something that the features
    do not support."""


class Fallback(Strict):
    """The reason why fixed sentences took the place of the model's."""

    code: str
    """A code of docs/reference/errors.md: model.*, engine.*, or claims.rejected if every sentence of the model was refused."""
    message: str
    """The message in lower case, without any content of the input."""
    hint: str
    """What the reader can do about it."""


class Breakdown(Strict):
    """The factors under the names that the earlier API used, each from 0 to 100."""

    activity: Percent
    maturity: Percent
    diversity: Percent
    conduct: Percent
    riskBehavior: Percent  # noqa: N815
    """100 if there is no deduction."""
    surveyMatch: Percent | None  # noqa: N815
    """The share of survey questions that have an answer, in percent; null without a survey. It does not change the score."""


class Metadata(Strict):
    """The texts and features in the format of the earlier API."""

    scoreBreakdown: Breakdown | None  # noqa: N815
    """null in mode count."""
    reasoning: str
    risk_factors: tuple[str, ...]
    strengths: tuple[str, ...]
    features: dict[str, Count | None]
    """The value of every feature in docs/reference/features.md; null if the source does not tell it."""


class ScorecardUsed(Strict):
    """The scorecard: the table of points that make the score."""

    version: str
    sha256: Sha256
    base: Signed
    points: tuple[Points, ...]
    kept: Count
    """The points that earlier months had earned and that months without deductions since then have kept."""


class SuiSignature(Strict):
    """A signature that a Move contract on Sui can check."""

    public_key: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{66})$")]
    """33 bytes (compressed) for secp256k1 or 32 bytes for ed25519, in hex without 0x."""
    signature: Hex64
    """For secp256k1 r | s over SHA-256 of the message; for ed25519 the signature of the message itself."""
    sui_address: Digest32


class SuiSignatures(Strict):
    """The signatures of one message (app/crypto/sui.py) by two schemes."""

    secp256k1: SuiSignature
    ed25519: SuiSignature


class UnsignedScore(Strict):
    """A wallet's score and what it rests on, before it is signed."""

    score: Annotated[int, Field(ge=0, le=1000)]
    wallet_address: Address
    """The address in the letter case in which it is signed."""
    address_form: Literal["lower", "as_given"]
    timestamp_ms: Count
    """The time that the score is for, in Unix milliseconds; never the time of the run. For a fetched history it is the time of
    the block; for a given one it is that of the newest record, whatever else the history says; 0 if there is no record."""
    tier: str
    """From the scorecard: premium from 800 points, standard from 600, otherwise basic."""
    claims: tuple[Claim, ...]
    metadata: Metadata
    scorecard: ScorecardUsed | None
    """null in mode count, where the score is min(1000, 10 x transactions)."""
    data: Provenance
    fallback: Fallback | None
    """Why no sentence is the model's. null if at least one is, and in mode count, where there is nothing to write about."""
    completion_tokens: Count
    """The number of tokens that the model generated for the texts, rejected ones included."""


class ScoreAnswer(UnsignedScore):
    """A wallet's score, what it rests on, and the signatures that contracts check."""

    signature: Hex64 | None
    """The secp256k1 signature of intent 0, under its name in the earlier API; its 60 bytes name neither chain nor host nor
    origin. null if the history or any list of flagged addresses was given."""
    sui: SuiSignatures | None
    """The signatures of intent 0 by both schemes; null if `signature` is null."""
    sui_origin: SuiSignatures
    """The signatures of intent 2 for a given history, or intent 3 for a fetched one, which name chain, origin and host."""
    evm: Signature65
    """The EIP-712 signature of the same facts (app/crypto/evm_score.py), in the domain of the result."""

/// Checks what sealed-llm signed for Sui with secp256k1: a wallet's score, and the hash of the report behind it.
///
/// TAKE `fetched_score_is_signed` IF THE SCORE DECIDES ANYTHING: it says which host the enclave asked and which chain the history
/// is of, and the caller compares both with what it trusts. Whoever orders a task names the host, so a host that is not compared
/// is anybody's. `given_score_is_signed` is of a history that somebody handed over: nobody checked it, it may be invented.
/// `earlier_score_is_signed` is the earlier oracle's message, made of fetched histories alone: it NAMES NEITHER CHAIN NOR HOST.
/// Each message has an intent of its own, so none of them can be taken for another.
///
/// BCS writes the fields in this order and without their names: rename them as you like, never reorder them.
/// With an ed25519 key, call `sui::ed25519::ed25519_verify(sig, pk, &bytes)` instead, without the hash number.
/// Left to the caller: whose key `pk` is, how old `timestamp_ms` may be and that it only grows, and the letter case
/// of the address, which is lower case unless the report says otherwise.
module sealed_llm::verify_score;

use std::bcs;
use std::string::String;
use sui::ecdsa_k1;

const SCORE_INTENT: u8 = 0;
const REPORT_INTENT: u8 = 1;
const GIVEN_INTENT: u8 = 2;
const FETCHED_INTENT: u8 = 3;
const SHA256: u8 = 1;

/// Who gave a history, or lists of flagged addresses; NOBODY gave lists: the packaged ones alone were in use.
const NOBODY: u8 = 0;
const REQUESTER: u8 = 1;
const OWNER: u8 = 2;
const ENCLAVE: u8 = 3;

public struct IntentMessage<T: copy + drop> has copy, drop {
    intent: u8,
    timestamp_ms: u64,
    data: T,
}

public struct ScoreUpdatePayload has copy, drop {
    score: u64,
    wallet_address: String,
}

public struct ReportPayload has copy, drop {
    report_hash: vector<u8>,
}

public struct GivenScorePayload has copy, drop {
    update: ScoreUpdatePayload,
    chain_id: u64,
    origin: u8,
    own_labels: u8,
    truncated: bool,
}

public struct FetchedScorePayload has copy, drop {
    update: ScoreUpdatePayload,
    chain_id: u64,
    origin: u8,
    host: String,
    chain_checked: bool,
    own_labels: u8,
    truncated: bool,
}

/// The enclave fetched the whole history from `host`, and no list but the packaged ones flagged an address. `chain_checked`:
/// the host said itself that it serves `chain_id`, as a node does. An explorer does not: pass false for no host but one that
/// serves this chain alone. A history of which not all came (`truncated`) is refused.
public fun fetched_score_is_signed(
    score: u64, wallet_address: String, chain_id: u64, host: String, chain_checked: bool, timestamp_ms: u64,
    sig: &vector<u8>, pk: &vector<u8>,
): bool {
    let update = ScoreUpdatePayload { score, wallet_address };
    let (origin, own_labels, truncated) = (ENCLAVE, NOBODY, false);
    is_signed(FETCHED_INTENT, timestamp_ms, FetchedScorePayload { update, chain_id, origin, host, chain_checked, own_labels, truncated }, sig, pk)
}

/// Somebody gave the history: the requester, or with `by_owner` whoever owns the protected data, which anybody can make. Only the
/// report says whose data it was. `own_labels`: who gave lists of flagged addresses, which can lower a score.
public fun given_score_is_signed(
    score: u64, wallet_address: String, chain_id: u64, by_owner: bool, own_labels: u8, truncated: bool, timestamp_ms: u64,
    sig: &vector<u8>, pk: &vector<u8>,
): bool {
    let update = ScoreUpdatePayload { score, wallet_address };
    let origin = if (by_owner) OWNER else REQUESTER;
    is_signed(GIVEN_INTENT, timestamp_ms, GivenScorePayload { update, chain_id, origin, own_labels, truncated }, sig, pk)
}

/// The earlier oracle's 60 bytes: any host that the requester named, of any chain, test chains included.
public fun earlier_score_is_signed(
    score: u64, wallet_address: String, timestamp_ms: u64, sig: &vector<u8>, pk: &vector<u8>,
): bool {
    is_signed(SCORE_INTENT, timestamp_ms, ScoreUpdatePayload { score, wallet_address }, sig, pk)
}

public fun report_is_signed(report_hash: vector<u8>, timestamp_ms: u64, sig: &vector<u8>, pk: &vector<u8>): bool {
    is_signed(REPORT_INTENT, timestamp_ms, ReportPayload { report_hash }, sig, pk)
}

fun is_signed<T: copy + drop>(intent: u8, timestamp_ms: u64, data: T, sig: &vector<u8>, pk: &vector<u8>): bool {
    let bytes = bcs::to_bytes(&IntentMessage { intent, timestamp_ms, data });
    ecdsa_k1::secp256k1_verify(sig, pk, &bytes, SHA256)
}

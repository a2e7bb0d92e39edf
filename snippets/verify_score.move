/// Checks what sealed-llm signed for Sui with secp256k1: a wallet's score, and the hash of the report behind it.
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
const SHA256: u8 = 1;

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

public fun score_is_signed(
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

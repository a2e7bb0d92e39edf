// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The signature of a sealed-llm result, checked on chain
/// @notice EIP-712 over one static struct of five words: a check costs the same for a report of any size.
/// @dev The same words as app/crypto/signing.py and docs/reference/result.md:
///
///     domain  EIP712Domain(string name,string version[,uint256 chainId])   "sealed-llm", "1"
///     struct  Result(bytes32 taskId,bytes32 requestHash,bytes32 modelHash,
///                    bytes32 parametersHash,bytes32 reportHash)
///
/// A report's hash does not tell a contract where the history behind a score came from: for that, a score carries a
/// signature of its own, which examples/snippets/VerifyScore.sol checks.
///
/// The signature is 65 bytes r | s | v, low-s (EIP-2), v 27 or 28. A signature shows where a result comes
/// from. It does not show that the answer is true.
library SealedResult {
    /// @notice `attestation.message` of result.json: what is signed.
    struct Message {
        /// IEXEC_TASK_ID, zero outside of a task
        bytes32 taskId;
        /// keccak256 of the canonical JSON of `report.request`
        bytes32 requestHash;
        /// SHA-256 of the GGUF file, zero if no model was loaded
        bytes32 modelHash;
        /// keccak256 of `{"engine": [engine, build] or null, "parameters": …}`, in bulk a list of each item's
        bytes32 parametersHash;
        /// keccak256 of the canonical JSON of `report`
        bytes32 reportHash;
    }

    bytes32 internal constant STRUCT_TYPE = keccak256(
        "Result(bytes32 taskId,bytes32 requestHash,bytes32 modelHash,bytes32 parametersHash,bytes32 reportHash)"
    );
    bytes32 internal constant DOMAIN_TYPE = keccak256("EIP712Domain(string name,string version)");
    bytes32 internal constant CHAIN_DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId)");
    bytes32 internal constant NAME = keccak256("sealed-llm");
    bytes32 internal constant VERSION = keccak256("1");
    /// @dev Half the order of secp256k1 (SEC 2), rounded down: the largest s that is low.
    uint256 internal constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice The 32 bytes that are signed where the domain names no chain.
    function digest(Message calldata message) internal pure returns (bytes32) {
        return _digest(keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION)), message);
    }

    /// @notice The 32 bytes that are signed where the domain names the chain `chainId` (`--chain-id` in the args).
    function digest(Message calldata message, uint256 chainId) internal pure returns (bytes32) {
        return _digest(keccak256(abi.encode(CHAIN_DOMAIN_TYPE, NAME, VERSION, chainId)), message);
    }

    /// @notice The address that made `signature` over `digest32`, or zero: never compare with a zero address.
    /// @dev Zero unless the signature is r | s | v with 0 < r < n, 0 < s <= n/2 and v 27 or 28; what is
    /// not checked here, the precompile refuses.
    function recover(bytes32 digest32, bytes calldata signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        unchecked {
            // 27 and 28 take the same path, and so the same gas
            if (uint256(s) > HALF_ORDER || v - 27 > 1) return address(0);
        }
        return ecrecover(digest32, v, bytes32(signature[:32]), s);
    }

    function _digest(bytes32 separator, Message calldata message) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, keccak256(abi.encode(STRUCT_TYPE, message))));
    }
}

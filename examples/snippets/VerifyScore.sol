// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

contract VerifyScore {
    struct Score { address wallet; uint256 score; uint256 timestampMs; uint256 chainId; uint8 origin; string host; bool chainChecked; uint8 ownLabels; bool truncated; }
    /// Whether `trusted` signed `s` as of a whole history that the enclave fetched (origin 3) of `chain` from `host`, no address
    /// flagged by a list of anybody's own. A history that the requester (1) or the owner of the data (2) gave is refused: nobody
    /// checked it. Compare `host`, for whoever orders a task names it. Explorers do not say which chain they serve: without
    /// `!s.chainChecked`, take one that serves this chain alone. `domainChain` is 0 if the result's domain names no chain.
    function fetched(Score calldata s, uint256 chain, string calldata host, uint256 domainChain, bytes calldata signature, address trusted)
        external pure returns (bool)
    {
        if (s.origin != 3 || s.chainId != chain || !s.chainChecked || keccak256(bytes(s.host)) != keccak256(bytes(host)) || s.ownLabels != 0 || s.truncated) return false;
        bytes memory domain = abi.encode(keccak256("EIP712Domain(string name,string version)"), keccak256("sealed-llm"), keccak256("1"));
        bytes32 bound = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
        if (domainChain != 0) domain = abi.encode(bound, keccak256("sealed-llm"), keccak256("1"), domainChain);
        bytes32 kind = keccak256("Score(address wallet,uint256 score,uint256 timestampMs,uint256 chainId,uint8 origin,string host,bool chainChecked,uint8 ownLabels,bool truncated)");
        bytes32 one = keccak256(abi.encode(kind, s.wallet, s.score, s.timestampMs, s.chainId, s.origin, keccak256(bytes(s.host)), s.chainChecked, s.ownLabels, s.truncated));
        if (signature.length != 65 || trusted == address(0)) return false;
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", keccak256(domain), one));
        return trusted == ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

contract VerifyResult {
    /// Whether `trusted` signed `report`: the bytes of `report` in result.json, from its { to its }. The rest is of its
    /// `attestation`: the words in the order of the type below; chainId is 0 if the domain names none; signature is r | s | v.
    function verify(bytes calldata report, bytes32[5] calldata words, uint256 chainId, bytes calldata signature, address trusted)
        external pure returns (bool)
    {
        if (signature.length != 65 || trusted == address(0) || keccak256(report) != words[4]) return false;
        bytes memory domain = abi.encode(keccak256("EIP712Domain(string name,string version)"), keccak256("sealed-llm"), keccak256("1"));
        bytes32 bound = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
        if (chainId != 0) domain = abi.encode(bound, keccak256("sealed-llm"), keccak256("1"), chainId);
        bytes32 result = keccak256("Result(bytes32 taskId,bytes32 requestHash,bytes32 modelHash,bytes32 parametersHash,bytes32 reportHash)");
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", keccak256(domain), keccak256(abi.encodePacked(result, words))));
        return trusted == ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }
}

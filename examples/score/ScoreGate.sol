// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {VerifyScore} from "./VerifyScore.sol";

/// Lets a wallet in for 90 days after the history behind its score, if the enclave fetched that history from a host that we trust.
contract ScoreGate {
    uint256 constant CHAIN = 1; // the history must be of Ethereum
    uint256 constant LEAST = 700;
    VerifyScore immutable verifier;
    address immutable signer; // the address that the app's developer publishes
    string host; // the host of the node that the enclave must have asked
    mapping(address => uint256) public openUntil;

    error NotAFetchedScoreThatWeTrust();
    error ScoreTooLow();
    error OlderScore();

    constructor(VerifyScore verifier_, address signer_, string memory host_) {
        (verifier, signer, host) = (verifier_, signer_, host_);
    }

    function open(VerifyScore.Score calldata score, uint256 domainChain, bytes calldata signature) external {
        if (!verifier.fetched(score, CHAIN, host, domainChain, signature, signer)) revert NotAFetchedScoreThatWeTrust();
        if (score.score < LEAST) revert ScoreTooLow();
        uint256 until = score.timestampMs / 1000 + 90 days;
        if (until <= openUntil[score.wallet]) revert OlderScore(); // none can be played again in the place of a newer one
        openUntil[score.wallet] = until;
    }
}

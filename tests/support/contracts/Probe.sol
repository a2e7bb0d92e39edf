// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Consumer} from "./Consumer.sol";
import {SealedResult} from "./SealedResult.sol";

/// @notice What another contract pays to ask the consumer: arguments, call and answer included.
contract Probe {
    function verify(Consumer consumer, SealedResult.Message calldata message, bytes calldata signature)
        external
        view
        returns (bool answer, uint256 used)
    {
        uint256 before = gasleft();
        answer = consumer.verify(message, signature);
        used = before - gasleft();
    }

    function verifyOnThisChain(Consumer consumer, SealedResult.Message calldata message, bytes calldata signature)
        external
        view
        returns (bool answer, uint256 used)
    {
        uint256 before = gasleft();
        answer = consumer.verifyOnThisChain(message, signature);
        used = before - gasleft();
    }

    function verifyReceived(Consumer consumer, SealedResult.Message calldata message, bytes calldata signature)
        external
        view
        returns (bool answer, uint256 used)
    {
        uint256 before = gasleft();
        answer = consumer.verifyReceived(message, signature);
        used = before - gasleft();
    }
}

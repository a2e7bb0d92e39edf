// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {SealedResult} from "./SealedResult.sol";

/// @notice ERC-1154: what iExec's PoCo calls once a task of a deal with a callback is COMPLETED.
interface IOracleConsumer {
    function receiveResult(bytes32 taskId, bytes calldata data) external;
}

/// @notice ERC-165.
interface IERC165 {
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}

/// @notice The two views of iExec's PoCo (IexecPocoAccessorsFacet) that are read here.
/// @dev PoCo returns one struct with members of no fixed size. Its ABI form is the offset 0x20, then one
/// word for each member, then their tails. Only the first words are declared, so only they are copied. PoCo
/// itself loads the whole struct: each byte of the deal's params (the public args are in there) costs 8 gas.
interface IPoco {
    struct TaskHead {
        uint256 status; // 0 UNSET, 1 ACTIVE, 2 REVEALING, 3 COMPLETED, 4 FAILED
        bytes32 dealId;
        uint256[9] between; // idx, timeref, deadlines, consensusValue, counters, contributors
        bytes32 resultDigest; // PoCo's, of a callback deal: keccak256 of callback-data
    }

    function viewTask(bytes32 taskId) external view returns (uint256 offset, TaskHead memory task);

    function viewDeal(bytes32 dealId) external view returns (uint256 offset, address app);
}

/// @title A small consumer of sealed-llm results
/// @notice It does two things, and each can be copied without the other:
///
/// (a) `receiveResult` takes callback-data, the ABI words `(uint256 status, bytes32 resultDigest, bytes32
/// reportHash)`. status is 0 incomplete, 1 ok, 2 error, 3 failed (there is an answer, but not what was asked for:
/// code whose tests failed, say), so that 1 alone is a success; resultDigest is the SHA-256 of result.json; reportHash
/// is the word of that name in the signed struct.
///
/// (b) `verify` checks the signature of a result against the signer that the app's developer publishes.
///
/// What (a) alone shows is what PoCo shows: that a task of this app delivered these words. Whoever orders a task
/// picks the workerpool, and where PoCo has no TEE broker, the workerpool's owner says which enclave key counts.
/// Who must not trust them asks `verifyReceived`: the words are then those of a result that the signer signed.
/// Anybody may order a task of the app with this contract as its callback: look results up by a task you know.
contract Consumer is IOracleConsumer, IERC165 {
    /// @notice callback-data of one task, as received.
    struct Words {
        /// 0 incomplete, 1 ok, 2 error, 3 failed: 1 alone is a success
        uint256 status;
        /// SHA-256 of result.json; zero if nothing was received
        bytes32 resultDigest;
        /// keccak256 of the canonical JSON of `report`
        bytes32 reportHash;
    }

    error ZeroAddress();
    error NotTheHub(address caller);
    error NotCompleted(uint256 status);
    error OtherDigest();
    error OtherApp(address app);
    error OtherLayout();

    event Received(bytes32 indexed taskId, uint256 status, bytes32 resultDigest, bytes32 reportHash);

    uint256 private constant COMPLETED = 3;

    /// @notice iExec's PoCo.
    IPoco public immutable hub;
    /// @notice The iExec app whose results are taken.
    address public immutable app;
    /// @notice The address of the key in the app developer secret (`python -m app key address`).
    address public immutable signer;

    /// @notice The words of each task.
    mapping(bytes32 taskId => Words) public received;

    constructor(IPoco hub_, address app_, address signer_) {
        // zero is what `recover` returns for a bad signature, and what PoCo holds for a deal that is not there
        if (address(hub_) == address(0) || app_ == address(0) || signer_ == address(0)) revert ZeroAddress();
        (hub, app, signer) = (hub_, app_, signer_);
    }

    /// @notice Take callback-data of the task `taskId`.
    /// @dev For the hub only. Every fact is read again from PoCo, so a stranger could bring no false words; but
    /// he could bring words of a task whose deal names another callback, or none. The hub calls once for each
    /// task, and only the contract that the deal names.
    ///
    /// If this reverts or runs out of gas, the task is COMPLETED all the same and nothing is stored here; the
    /// words are still in `resultFor(taskId)` of the hub. 102,000 gas are usual; with the 200,000 that iExec
    /// gives, up to 12,000 bytes of params are fine.
    function receiveResult(bytes32 taskId, bytes calldata data) external override {
        if (msg.sender != address(hub)) revert NotTheHub(msg.sender);
        (, IPoco.TaskHead memory task) = hub.viewTask(taskId);
        if (task.status != COMPLETED) revert NotCompleted(task.status);
        if (keccak256(data) != task.resultDigest) revert OtherDigest();
        (, address ran) = hub.viewDeal(task.dealId);
        if (ran != app) revert OtherApp(ran);
        if (data.length != 96) revert OtherLayout();
        Words memory words = abi.decode(data, (Words));
        if (words.status > 3) revert OtherLayout();
        received[taskId] = words;
        emit Received(taskId, words.status, words.resultDigest, words.reportHash);
    }

    /// @notice Whether the signer signed `message` under the domain that names no chain.
    function verify(SealedResult.Message calldata message, bytes calldata signature) public view returns (bool) {
        return SealedResult.recover(SealedResult.digest(message), signature) == signer;
    }

    /// @notice Whether the signer signed `message` under the domain that names this chain.
    /// @dev The chain is never the caller's word: a result that is bound to another chain is refused.
    function verifyOnThisChain(SealedResult.Message calldata message, bytes calldata signature)
        public
        view
        returns (bool)
    {
        return SealedResult.recover(SealedResult.digest(message, block.chainid), signature) == signer;
    }

    /// @notice Whether the words received for `message.taskId` belong to a result that the signer signed.
    function verifyReceived(SealedResult.Message calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        Words storage words = received[message.taskId];
        if (words.resultDigest == 0 || words.reportHash != message.reportHash) return false;
        return verify(message, signature) || verifyOnThisChain(message, signature);
    }

    /// @notice ERC-165: this contract is an ERC-1154 consumer.
    function supportsInterface(bytes4 interfaceId) external pure override returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IOracleConsumer).interfaceId;
    }
}

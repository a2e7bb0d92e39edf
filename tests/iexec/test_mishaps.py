"""What goes wrong between order and result, and what the requester then has. The contracts and clients are the real ones."""

from __future__ import annotations

import json
from pathlib import Path

from tests.iexec.life import CHAIN, Life, edit, key_of
from tests.iexec.shop import ARGS, Shop, download, protect
from tests.iexec.worker import Mishap
from tests.support import ROOT

ACTIVE, FAILED = 1, 4  # the hub's words for a task


def test_a_digest_that_the_enclave_did_not_sign_is_refused(shop: Shop) -> None:
    lying = Mishap(report=lambda digest: "0x" + f"{int(digest, 16) ^ 1:064x}")
    done = shop.buy(args=f"{ARGS} Hello", mishap=lying)
    assert done.causes == ["the hub refused contributeAndFinalize"]
    assert shop.requester.did("task", "show", done.task_id, "--chain", CHAIN)["task"]["statusName"] == "ACTIVE"


def test_callback_data_that_nobody_asked_for_kills_the_task(life: Life, shop: Shop) -> None:
    done = shop.buy(args=f"{ARGS} --callback Hello")
    assert done.causes == ["the hub refused contributeAndFinalize"]
    assert life.chain.task_status(done.task_id) == ACTIVE
    assert done.delivered
    assert done.delivered.callback_data


def test_a_deal_with_a_callback_needs_callback_data(life: Life, shop: Shop) -> None:
    done = shop.buy("--callback", shop.consumer, args=f"{ARGS} Hello")
    assert done.causes == ["POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED"]
    assert life.chain.task_status(done.task_id) == ACTIVE


def test_without_computed_json_nothing_is_delivered_until_the_claim(life: Life, shop: Shop) -> None:
    """The worst case for a requester: only after ten times the category's time he can claim the task."""
    lost = Mishap(spoil=lambda out: (out / "computed.json").unlink())
    done = shop.buy(args=f"{ARGS} Hello", mishap=lost)
    assert done.causes == ["computed.json is missing or is not strict JSON"]
    task = bytes.fromhex(done.task_id[2:])
    early = shop.requester.iexec("task", "claim", done.task_id, "--chain", CHAIN)
    assert "Cannot claim a task before" in early["error"]["message"]
    now = life.chain.rpc("evm_snapshot")
    life.chain.rpc("evm_increaseTime", 10 * 300)
    life.chain.send("requester", life.chain.hub, "claim(bytes32)", task)
    assert life.chain.task_status(done.task_id) == FAILED
    life.chain.rpc("evm_revert", now)


def test_a_killed_app_still_delivers_a_signed_result(shop: Shop, tmp_path: Path) -> None:
    done = shop.buy(args=f"{ARGS} Hello", mishap=Mishap(kill_app=True))
    assert (done.causes, done.exit_code) == ([], -9)
    result = download(shop.requester, done.task_id)["result.json"]
    assert json.loads(result)["report"]["status"] == "incomplete"
    assert shop.verify(result, done.task_id, tmp_path).exit_code == 0


def test_one_bad_dataset_spoils_its_entry_of_the_bulk_only(
    life: Life, shop: Shop, protector: dict[str, str], tmp_path: Path
) -> None:
    requester = shop.requester
    datasets = [protect(requester, protector, {"prompt": f"Number {nth}"}) for nth in range(3)]
    life.sms.secrets["dataset", datasets[1].lower(), ""] = "A" * 43 + "="  # another key than that of the file
    command = ["node", str(ROOT / "deploy/bulk.mjs"), shop.app, *datasets]
    settings = {"PRIVATE_KEY": key_of("requester"), "WORKERPOOL": shop.pool, "ARGS": ARGS, **protector}
    child = requester.start(*command, **settings)
    (done,) = life.while_working(shop.pool, child)
    assert child.returncode == 0, requester.said("stderr")
    assert len(done.causes) == 1
    assert json.loads(requester.said("stdout")) == {"taskId": done.task_id, "file": "result-0.json"}
    result = (requester.folder / "result-0.json").read_bytes()
    bulk = json.loads(result)["report"]["bulk"]
    assert (bulk["totalCount"], bulk["successCount"], bulk["errorCount"]) == (3, 2, 1)
    assert [item["success"] for item in bulk["results"]] == [True, False, True]
    assert bulk["results"][1]["error"]["code"] == "file.missing"
    assert shop.verify(result, done.task_id, tmp_path).exit_code == 0


def test_the_new_sdk_runs_no_app_of_the_old_generation(life: Life, shop: Shop) -> None:
    """The other way round it is refused with reasons, before anything is paid."""
    scone = life.person("owner", "scone")
    filled = {"owner": scone.address, "multiaddr": "registry.example/sealed-llm:0.1.0", "checksum": "0x" + "ab" * 32}
    edit(scone.folder / "iexec.json", lambda conf: conf["app"].update(filled))
    app = scone.did("app", "deploy", "--chain", CHAIN)["address"]
    deals = life.chain.deals(shop.pool)
    wanted = ["--tag", "tee,tdx", "--workerpool", shop.pool, "--force"]
    edit(shop.developer.folder / "wallet.json", lambda wallet: wallet.update(privateKey=key_of("owner"), address=scone.address))
    said = shop.developer.iexec("app", "run", app, "--chain", CHAIN, *wanted)
    assert "has an MREnclave, which is no longer supported" in said["error"]["message"]
    said = shop.developer.iexec("app", "run", app, "--chain", CHAIN, "--tag", "tee,scone", *wanted[2:])
    assert "Unsupported legacy TEE framework tag" in said["error"]["message"]
    assert life.chain.deals(shop.pool) == deals

"""What goes wrong between order and result, and what the requester then has. The contracts and clients are the real ones."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.desk import ROOT, SMALL
from tests.support.iexec.life import CHAIN, Life, Person, edit, key_of
from tests.support.iexec.shop import APP_PRICE, ARGS, POOL_PRICE, Shop, download, protect
from tests.support.iexec.worker import Mishap

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
    before = life.chain.account("requester")
    lost = Mishap(spoil=lambda out: (out / "computed.json").unlink())
    done = shop.buy(args=f"{ARGS} Hello", mishap=lost)
    assert done.causes == ["computed.json is missing or is not strict JSON"]
    task = bytes.fromhex(done.task_id[2:])
    early = shop.requester.iexec("task", "claim", done.task_id, "--chain", CHAIN)
    assert "Cannot claim a task before" in early["error"]["message"]
    price = APP_PRICE + POOL_PRICE
    assert life.chain.account("requester") == (before[0] - price, before[1] + price)
    now = life.chain.rpc("evm_snapshot")
    life.chain.rpc("evm_increaseTime", 10 * 300)
    life.chain.send("requester", life.chain.hub, "claim(bytes32)", task)
    assert life.chain.task_status(done.task_id) == FAILED
    assert life.chain.account("requester") == before
    life.chain.rpc("evm_revert", now)


def test_a_killed_app_still_delivers_a_signed_result(shop: Shop, tmp_path: Path) -> None:
    done = shop.buy(args=f"--model {SMALL} --max-tokens 1000 Tell a long story", mishap=Mishap(kill_app=True))
    assert (done.causes, done.exit_code) == ([], -9)
    result = download(shop.requester, done.task_id)["result.json"]
    assert json.loads(result)["report"]["status"] == "incomplete"
    assert shop.verify(result, done.task_id, tmp_path).exit_code == 0


def test_one_bad_dataset_spoils_its_entry_of_the_bulk_only(
    life: Life, shop: Shop, owner: Person, protector: dict[str, str], tmp_path: Path
) -> None:
    """Three datasets in two tasks; the key of the second is not that of its file."""
    requester = shop.requester
    datasets = [protect(owner, shop, protector, {"prompt": f"Number {nth}"}, "bulk") for nth in range(3)]
    life.sms.secrets["dataset", datasets[1].lower(), ""] = "A" * 43 + "="
    command = ["node", str(ROOT / "examples/deploy/bulk.mjs"), shop.app, *datasets]
    settings = {"PRIVATE_KEY": key_of("requester"), "WORKERPOOL": shop.pool, "ARGS": ARGS, "PER_TASK": "2", **protector}
    child = requester.start(*command, **settings)
    done = life.while_working(shop.pool, child)
    assert child.returncode == 1, requester.said("stderr")
    said = [json.loads(line) for line in requester.said("stdout").splitlines()]
    assert said == [{"taskId": one.task_id, "file": f"result-{nth}.json"} for nth, one in enumerate(done)]
    assert [len(one.causes) for one in done] == [1, 0]
    results = [(requester.folder / one["file"]).read_bytes() for one in said]
    first, second = (json.loads(result)["report"]["bulk"] for result in results)
    assert (first["totalCount"], first["successCount"], first["errorCount"]) == (2, 1, 1)
    assert [item["success"] for item in first["results"]] == [True, False]
    assert first["results"][1]["error"]["code"] == "file.missing"
    assert [item["success"] for item in second["results"]] == [True]
    for result, one in zip(results, done, strict=True):
        assert shop.verify(result, one.task_id, tmp_path).exit_code == 0


def test_what_iexec_refuses_is_one_line_with_a_hint(life: Life, shop: Shop, owner: Person, protector: dict[str, str]) -> None:
    """Nobody sells for nothing here, and the owner has no deposit; neither costs anything or shows a stack trace."""
    asking = ["node", str(ROOT / "examples/deploy/ask.mjs"), shop.app, "Hi", ARGS]
    for person, price, error, hint in (
        (shop.requester, "0", "error: Failed to process protected data: No App order found for the desired price", "MAX_NRLC="),
        (owner, str(POOL_PRICE), "error: Failed to process protected data: Cost per task (", "iexec account deposit 1 RLC"),
    ):
        settings = {"PRIVATE_KEY": key_of(person.name), "WORKERPOOL": shop.pool, **protector} | {"MAX_NRLC": price}
        child = person.start(*asking, **settings)
        assert life.while_working(shop.pool, child) == []
        told = person.said("stderr").splitlines()
        assert child.returncode == 1, told
        assert told[-2].startswith(error)
        assert hint in told[-1]
        assert not any("    at " in line for line in told)
        assert person.said("stdout") == ""


def test_the_signing_key_is_the_developers_alone_and_for_ever(shop: Shop) -> None:
    push = ["app", "push-secret", shop.app, "--chain", CHAIN, "--secret-value", "0x" + "5e" * 32]
    assert "can't be updated" in shop.developer.iexec(*push)["error"]["message"]
    assert "is not allowed to set secret" in shop.requester.iexec(*push)["error"]["message"]


def test_the_clients_reach_this_machine_only(owner: Person) -> None:
    tried = "fetch('https://example.org').catch((error) => console.log(error.cause.message))"
    assert owner.says("node", "-e", tried) == "example.org is not on this machine\n"


def test_the_new_sdk_runs_no_app_of_the_old_generation(life: Life, shop: Shop, owner: Person) -> None:
    """It is refused with reasons, before anything is paid."""
    old = life.person("owner", "scone")
    filled = {"owner": old.address, "multiaddr": "registry.example/sealed-llm:0.1.0", "checksum": "0x" + "ab" * 32}
    edit(old.folder / "iexec.json", lambda conf: conf["app"].update(filled))
    app = old.did("app", "deploy", "--chain", CHAIN)["address"]
    deals = life.chain.deals(shop.pool)
    order = ["app", "run", app, "--chain", CHAIN, "--workerpool", shop.pool, "--force"]
    said = owner.iexec(*order, "--tag", "tee,tdx")
    assert "has an MREnclave, which is no longer supported" in said["error"]["message"]
    said = owner.iexec(*order, "--tag", "tee,scone")
    assert "Unsupported legacy TEE framework tag" in said["error"]["message"]
    assert life.chain.deals(shop.pool) == deals

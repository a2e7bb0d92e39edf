"""The whole iExec life of the app on this machine: real contracts, real clients, our app; the test's worker in between."""

from __future__ import annotations

import json
from pathlib import Path

from tests.iexec.life import CHAIN, Life, Person, edit, key_of
from tests.iexec.shop import APP_PRICE, ARGS, POOL_PRICE, Shop, download, opened, protect
from tests.support import ROOT


def test_a_protected_prompt_is_answered_and_its_result_verified(
    life: Life, shop: Shop, owner: Person, protector: dict[str, str], tmp_path: Path
) -> None:
    """protectData and grantAccess of another → make run → the worker → task show --download --decrypt → verify --task --rpc."""
    requester = shop.requester
    dataset = protect(owner, shop, protector, {"prompt": "The canary sings: what is 2+2?"})
    requester.did("result", "generate-encryption-keypair")
    requester.did("result", "push-encryption-key", "--chain", CHAIN)
    free, _ = life.chain.account("requester")
    wanted = ["--dataset", dataset, "--encrypt-result", "--args", ARGS, "--force"]
    child = requester.start(*requester.script("run", "--workerpool", shop.pool), *wanted)
    (done,) = life.while_working(shop.pool, child)
    assert (child.returncode, done.causes, done.exit_code, done.printed) == (0, [], 0, b"")
    assert "verify result.json" in requester.said("stdout")
    assert life.chain.account("requester") == (free - APP_PRICE - POOL_PRICE, 0)
    files = download(requester, done.task_id, "--decrypt")
    assert sorted(files) == ["computed.json", "result.json", "timings.json"]
    report = json.loads(files["result.json"])["report"]
    assert (report["status"], report["task_id"]) == ("ok", done.task_id)
    assert report["request"]["datasets"] == [dataset.lower()]
    assert not any(b"canary" in data for data in life.store.files.values())
    verified = shop.verify(files["result.json"], done.task_id, tmp_path)
    assert verified.exit_code == 0, verified.output
    refused = shop.verify(files["result.json"].replace(b'"ok"', b'"no"'), done.task_id, tmp_path)
    assert refused.exit_code == 1


def test_the_callback_brings_the_words_of_the_result_to_the_consumer(life: Life, shop: Shop, tmp_path: Path) -> None:
    done = shop.buy("--callback", shop.consumer, args=f"{ARGS} --callback Hello")
    assert done.causes == []
    shown = shop.requester.did("task", "show", done.task_id, "--chain", CHAIN)["task"]
    assert shown["statusName"] == "COMPLETED"
    assert shown["results"]["storage"] == "ethereum"
    assert done.delivered
    words = life.chain.read(shop.consumer, "received(bytes32)", "(uint256,bytes32,bytes32)", bytes.fromhex(done.task_id[2:]))
    attested = json.loads(done.delivered.result)["attestation"]["message"]["reportHash"]
    assert (words[0], "0x" + words[1].hex(), "0x" + words[2].hex()) == (1, done.delivered.digest, attested)
    assert shop.verify(done.delivered.result, done.task_id, tmp_path).exit_code == 0


def test_a_requester_secret_reaches_the_app_and_nobody_else(life: Life, shop: Shop) -> None:
    secret = json.dumps({"prompt": "A canary in a secret"})
    shop.requester.did("requester", "push-secret", "question", "--chain", CHAIN, "--secret-value", secret)
    done = shop.buy("--secret", "1=question")
    assert done.delivered
    report = json.loads(done.delivered.result)["report"]
    assert (done.causes, report["status"]) == ([], "ok")
    assert "canary" not in json.dumps(life.chain.deal(done.deal_id).params)


def test_ask_mjs_does_it_all(life: Life, shop: Shop, protector: dict[str, str], tmp_path: Path) -> None:
    """The README's code: protectData, grantAccess and processProtectedData with an encrypted result."""
    requester = shop.requester
    command = ["node", str(ROOT / "deploy/ask.mjs"), shop.app, "What is a canary?", ARGS]
    child = requester.start(*command, PRIVATE_KEY=key_of("requester"), WORKERPOOL=shop.pool, **protector)
    (done,) = life.while_working(shop.pool, child)
    assert (child.returncode, done.causes) == (0, []), requester.said("stderr")
    assert json.loads(requester.said("stdout"))["taskId"] == done.task_id
    result = (requester.folder / "result.json").read_bytes()
    assert done.delivered
    assert result == done.delivered.result
    assert shop.verify(result, done.task_id, tmp_path).exit_code == 0


def test_the_scone_generation_lives_with_the_old_sdk(life: Life, tmp_path: Path) -> None:
    """SDK 8.24 with deploy/scone: the app has an mrenclave, and the dataset is made by the client alone."""
    old = opened(life, "scone")
    assert life.chain.read(old.app, "m_appMREnclave()", "bytes").decode() == json.dumps(
        old.developer.generation.read("iexec.json")["app"]["mrenclave"], separators=(",", ":")
    )
    requester = old.requester
    requester.did("dataset", "init", "--tee")
    (requester.folder / "datasets/original/question.json").write_text(json.dumps({"prompt": "Does the canary sing?"}))
    (made,) = requester.did("dataset", "encrypt")["encryptedFiles"]
    place = life.store.add(Path(requester.folder, made["encrypted"]).read_bytes())
    dataset = {"owner": requester.address, "name": "question", "multiaddr": f"/ipfs/{place}", "checksum": made["checksum"]}
    edit(requester.folder / "iexec.json", lambda conf: conf.update(dataset=dataset))
    address = requester.did("dataset", "deploy", "--chain", CHAIN)["address"]
    requester.did("dataset", "push-secret", address, "--chain", CHAIN)
    done = old.buy("--dataset", address)
    assert (done.causes, done.exit_code) == ([], 0)
    result = download(requester, done.task_id)["result.json"]
    assert json.loads(result)["report"]["request"]["datasets"] == [address.lower()]
    assert old.verify(result, done.task_id, tmp_path).exit_code == 0

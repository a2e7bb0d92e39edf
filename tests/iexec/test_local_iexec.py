"""The whole iExec life of the app on this machine: real contracts, real clients, our app; the test's worker in between."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.desk import ROOT, SMALL
from tests.support.iexec.life import CHAIN, Life, Person, edit, key_of
from tests.support.iexec.shop import APP_PRICE, ARGS, POOL_PRICE, Shop, download, opened, protect
from tests.support.iexec.worker import Worked


def test_a_protected_prompt_is_answered_and_its_result_verified(
    life: Life, shop: Shop, owner: Person, protector: dict[str, str], tmp_path: Path
) -> None:
    """protectData and grantAccess of another → make run → the worker → task show --download --decrypt → verify --task --rpc."""
    requester = shop.requester
    dataset = protect(owner, shop, protector, {"prompt": "The canary sings: what is 2+2?"})
    requester.did("result", "generate-encryption-keypair")
    requester.did("result", "push-encryption-key", "--chain", CHAIN, "--force-update")  # dataProtector pushes one too
    free, locked = life.chain.account("requester")
    wanted = ["--dataset", dataset, "--encrypt-result", "--args", ARGS, "--force"]
    child = requester.start(*requester.script("run", "--workerpool", shop.pool), *wanted)
    (done,) = life.while_working(shop.pool, child)
    assert (child.returncode, done.causes, done.exit_code, done.printed) == (0, [], 0, b"")
    assert "verify result.json" in requester.said("stdout")
    assert life.chain.account("requester") == (free - APP_PRICE - POOL_PRICE, locked)
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


def asked(life: Life, shop: Shop, protector: dict[str, str], *words: str, **environ: str) -> tuple[Worked, bytes, list[str]]:
    """Run ask.mjs while the worker works; return the task, the result and what the person was told."""
    requester = shop.requester
    (requester.folder / "result.json").unlink(missing_ok=True)
    command = ["node", str(ROOT / "examples/deploy/ask.mjs"), shop.app, *words]
    settings = {"PRIVATE_KEY": key_of("requester"), "WORKERPOOL": shop.pool, **protector} | environ
    child = requester.start(*command, **settings)
    (done,) = life.while_working(shop.pool, child)
    assert done.causes == [], requester.said("stderr")
    said = json.loads(requester.said("stdout"))
    assert (said["taskId"], said["file"]) == (done.task_id, "result.json")
    result = (requester.folder / "result.json").read_bytes()
    assert done.delivered
    assert result == done.delivered.result
    assert child.returncode == (json.loads(result)["report"]["status"] != "ok"), requester.said("stderr")
    return done, result, requester.said("stderr").splitlines()


def test_ask_mjs_does_it_all(life: Life, shop: Shop, protector: dict[str, str], tmp_path: Path) -> None:
    """The code that the docs name: protectData, grantAccess and processProtectedData with an encrypted result."""
    done, result, told = asked(life, shop, protector, "What is a canary?", ARGS)
    assert told[:4] == [
        "… packing the data",
        "… encrypting it",
        "… uploading it to IPFS, encrypted",
        "… registering it on the chain",
    ]
    assert f"  task {done.task_id}" in told
    assert told[-3] == f"the result is in {shop.requester.folder / 'result.json'}: ok"
    assert told[-1].startswith("  python -m app verify ")
    assert key_of("requester")[2:] not in "".join(told)
    assert shop.verify(result, done.task_id, tmp_path).exit_code == 0


def test_ask_mjs_takes_a_questionnaire_with_its_lists(life: Life, shop: Shop, protector: dict[str, str]) -> None:
    rows = [["Which?", "multiselect", ["A", "B"]], ["How old?", "number"], ["", "prompt", "Say yes."]]
    request = {"questionnaire": rows, "answers": ["A, B", "34"], "max_tokens": 4}
    (shop.requester.folder / "request.json").write_text(json.dumps(request))
    _, result, _ = asked(life, shop, protector, "request.json", f"--model {SMALL}")
    report = json.loads(result)["report"]
    assert (report["status"], report["answer"]["completion_tokens"] <= 4) == ("ok", True)


def test_ask_mjs_asks_about_a_text(life: Life, shop: Shop, protector: dict[str, str]) -> None:
    """The text is protected data, the question a requester secret; neither is on the chain."""
    (shop.requester.folder / "orders.csv").write_text("order,state\ncanary-1,failed\ncanary-2,done\n")
    done, result, told = asked(life, shop, protector, "orders.csv", "How many canaries failed?", ARGS)
    assert json.loads(result)["report"]["status"] == "ok"
    assert "… handing the requester secrets to the secret service" in told
    assert "canar" not in json.dumps(life.chain.deal(done.deal_id).params)
    inputs = {(one["source"], one["kind"]) for one in json.loads(result)["report"]["inputs"]}
    assert inputs >= {("dataset", "material"), ("secret", "prompt")}


def test_ask_mjs_says_what_an_error_result_says(life: Life, shop: Shop, protector: dict[str, str]) -> None:
    request = {"questionnaire": [["How old?", "number"]], "answers": ["a canary"]}
    (shop.requester.folder / "request.json").write_text(json.dumps(request))
    _, _, told = asked(life, shop, protector, "request.json", ARGS)
    assert told[-4].endswith("/result.json: error answers.invalid: answer 1 is not a number")
    assert told[-3].startswith("hint: give one answer for each question")
    assert "canary" not in "".join(told)


def test_the_scone_generation_lives_with_the_old_sdk(life: Life, tmp_path: Path) -> None:
    """SDK 8.24 with examples/deploy/scone: the app has an mrenclave, and the dataset is made by the client alone."""
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

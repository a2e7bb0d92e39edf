"""Every maximum in one place, with its unit and its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The maxima of everything that is read and written; a test tries each from both sides."""

    # what comes in
    dataset_bytes: int = 16 * 2**20  # one protectedData file; a prompt is text, not a film
    zip_entries: int = 4_096  # files in one protectedData
    zip_entry_bytes: int = 16 * 2**20  # one field after inflating; a wallet history is one
    zip_total_bytes: int = 32 * 2**20  # all fields after inflating: stops a zip bomb
    input_file_bytes: int = 32 * 2**20  # one input file; 18,000 rows of an explorer are 13 MiB and take 110 MB to read
    input_name_bytes: int = 255  # a file name (POSIX NAME_MAX)
    input_files: int = 100  # files a requester can attach
    secret_bytes: int = 4_096  # what the iExec SMS accepts (iexec-sms SecretUtils)
    args_bytes: int = 64 * 2**10  # all command-line arguments together
    bulk_items: int = 100  # datasets in one bulk slice (iexec SDK MAX_DATASET_PER_TASK)
    json_depth: int = 64  # levels of nesting
    # Values and names of one JSON text, counted before it is parsed. In the worst case each takes 100 bytes of memory
    # (measured: objects with one name and one value, all different), which makes 286 MiB. Of the 1,024 MiB of the deployed heap
    # the default model leaves 432 free, with the sandbox 360. Real documents have fewer: one in 16 bytes for Etherscan's rows
    # and one in 12 for Blockscout's, so 2.9 million for an input file of the largest size.
    json_nodes: int = 3_000_000
    table_cells: int = 2_400_000  # lines and cells of one text: 100,000 rows of 24 columns; the worst take 72 bytes each
    history_records: int = 100_000  # transactions and transfers of one wallet; whoever has more is an exchange
    label_rows: int = 100_000  # entries of a list of flagged addresses; the whole OFAC list has under 200
    hosts: int = 16  # names of hosts that may be asked for a history
    live_seconds: int = 120  # all requests to a node or an explorer together
    live_bytes: int = 256 * 2**20  # all its answers together
    live_answer_bytes: int = 32 * 2**20  # one answer; where it may, a smaller one is asked for
    live_nodes: int = 4_200_000  # values and names of all its answers together: 100,000 rows of 42
    # what is asked
    prompt_bytes: int = 256 * 2**10  # far above any context; the context itself is checked in tokens
    system_bytes: int = 8 * 2**10  # system prompt
    messages: int = 256  # turns of a chat
    questions: int = 256  # rows of a questionnaire
    max_tokens: int = 4_096  # tokens of one answer
    default_max_tokens: int = 512  # when the caller names none
    temperature_milli: int = 2_000  # 2.0
    max_seed: int = 2**32 - 2  # 2^32-1 means "random" to llama.cpp (LLAMA_DEFAULT_SEED)
    task_bytes: int = 16 * 2**10  # code: the prompt, and each piece of feedback
    turns: int = 64  # turns of one code session
    attempts: int = 8  # tries at one code task, the first included
    default_attempts: int = 4  # when the caller names none and there are tests
    # what is tested
    snippet_bytes: int = 64 * 2**10  # a snippet or a test: 1,000 lines and more
    test_input_bytes: int = 128 * 2**10  # standard input of one test, and the output expected of it
    tests: int = 32  # tests of one snippet
    test_fuel: int = 4_000_000_000  # WebAssembly instructions of one test: 4 to 6 s on one core
    run_fuel: int = 40_000_000_000  # of all tests of one snippet, controls included: under a minute
    item_fuel: int = 60_000_000_000  # of all attempts of one item: 60 to 90 s, however many of its tests never end
    test_memory_bytes: int = 128 * 2**20  # the guest's memory, 24 MiB of which CPython itself takes
    test_output_bytes: int = 64 * 2**10  # stdout, and the same again for stderr
    # what goes out
    item_bytes: int = 320 * 2**10  # what a result says of one item: 64 turns of a session with 5 KB each, 20 long answers
    result_bytes: int = 32 * 2**20  # result.json: the items of a whole slice and 768 KiB around them; iapp stops at 50 MB
    delivered_bytes: int = 50 * 10**6  # the zip around it: iapp uploads no more
    file_name_bytes: int = 31  # post-compute refuses longer names (tee-worker web2_result.rs)
    json_integer: int = 2**53 - 1  # RFC 8785 / IEEE 754: beyond it a reader may round
    wording_seconds: int = 240  # the texts of one score: seconds on a machine at rest; the smallest category has 300
    slice_seconds: int = 240  # a bulk slice on a machine at rest, for its items to share: see app/base/deadline.py
    task_seconds: int = 36_000  # an upper bound on --seconds: the largest category has 10 hours
    threads: int = 64  # an upper bound on --threads; the machine's own count also applies


LIMITS = Limits()

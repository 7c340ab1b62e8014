"""What one side makes, the other takes; what was tampered with, neither does.

`interop/run` calls this with the folder of the built examples and an empty folder.
"""

import json
import os
import secrets
import subprocess
import sys
import time
import traceback

import bittensor as bt
import bittensor_drand as drand
import bittensor_wallet as btw

EXAMPLES, SCRATCH = sys.argv[1:3]
WORDS = "awesome universe enter owner goat section spike process scissors race pill exile"
SEED = "0x0d6babae806aa94cc002a5cb8e12c4d9ada2232d99644ecce2ebb9c446d26bbb"
ADDRESS = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e"
PASSWORD = "pässw0rd of two words!"
# What drand's quicknet published.
ROUNDS = {
    123: "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
}
QUICKNET_GENESIS_S = 1692803367


class Peer:
    """One of our examples: a line of JSON in, a line of JSON out."""

    def __init__(self, example, *arguments):
        command = [os.path.join(EXAMPLES, example), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do, **fields):
        print(json.dumps({"do": do, **fields}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} ended with {self.process.wait()}")
        return json.loads(line)

    def get(self, do, **fields):
        """An answer that is no error."""
        answer = self.ask(do, **fields)
        if "error" in answer:
            raise AssertionError(f"{do}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def wallet(name, hotkey="default"):
    """The same wallet for our side and for theirs."""
    path = os.path.join(SCRATCH, "wallets")
    ours = {"path": path, "name": name, "hotkey": hotkey}
    return ours, btw.Wallet(name=name, hotkey=hotkey, path=path)


def password_file():
    path = os.path.join(SCRATCH, "password")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(PASSWORD + "\n")
    return path


def hotkeys_that_they_make_are_read(keys):
    ours, theirs = wallet("theirs")
    theirs.create_new_hotkey(use_password=False, overwrite=False, suppress=True)
    equal(keys.get("hotkey", wallet=ours)["address"], theirs.get_hotkey().ss58_address)
    for name, origin in [("words", {"mnemonic": WORDS}), ("seed", {"seed": SEED})]:
        ours, theirs = wallet("theirs", name)
        theirs.regenerate_hotkey(**origin, use_password=False, overwrite=False, suppress=True)
        equal(keys.get("hotkey", wallet=ours)["address"], ADDRESS)


def hotkeys_that_we_make_are_read(keys):
    ours, theirs = wallet("ours")
    made = keys.get("create-hotkey", wallet=ours)
    equal(theirs.get_hotkey().ss58_address, made["address"])
    equal(theirs.get_hotkeypub().ss58_address, made["address"])
    equal(btw.Keypair.create_from_mnemonic(made["mnemonic"]).ss58_address, made["address"])
    equal(bt.Wallet(**ours).hotkey.ss58_address, made["address"])
    for name, origin in [("words", {"mnemonic": WORDS}), ("seed", {"seed": SEED})]:
        ours, theirs = wallet("ours", name)
        keys.get("import-hotkey", wallet=ours, **origin)
        equal(theirs.get_hotkey().ss58_address, ADDRESS)
        equal(bt.Wallet(**ours).hotkey.ss58_address, ADDRESS)


def files_are_the_same_but_for_the_order_of_fields(keys):
    for name, origin in [("words", {"mnemonic": WORDS}), ("seed", {"seed": SEED})]:
        (ours, _), (_, theirs) = wallet("same-ours", name), wallet("same-theirs", name)
        keys.get("import-hotkey", wallet=ours, **origin)
        theirs.regenerate_hotkey(**origin, use_password=False, overwrite=False, suppress=True)
        for file in [name, f"{name}pub.txt"]:
            read = [
                os.path.join(SCRATCH, "wallets", side, "hotkeys", file) for side in ("same-ours", "same-theirs")
            ]
            equal(*[json.load(open(path)) for path in read])
            equal(*[oct(os.stat(path).st_mode) for path in read])


def signatures_of_either_side_verify(keys):
    ours, theirs = wallet("signing")
    keys.get("create-hotkey", wallet=ours)
    key = theirs.get_hotkey()
    signature = keys.get("sign", wallet=ours, message="hello")["signature"]
    equal([key.verify(text, "0x" + signature) for text in (b"hello", b"hellp")], [True, False])
    made = key.sign(b"hello").hex()
    verify = [
        keys.get("verify", address=key.ss58_address, message=text, signature=made)["verifies"]
        for text in ("hello", "hellp")
    ]
    equal(verify, [True, False])


def a_coldkey_that_they_encrypt_opens(keys):
    ours, theirs = wallet("cold-theirs")
    theirs.regenerate_coldkey(
        mnemonic=WORDS, use_password=True, coldkey_password=PASSWORD, overwrite=False, suppress=True
    )
    equal(keys.get("coldkey", wallet=ours, password_file=password_file())["address"], ADDRESS)


def a_coldkey_that_we_encrypt_opens_and_only_with_its_password(keys):
    ours, theirs = wallet("cold-ours")
    keys.get("import-coldkey", wallet=ours, mnemonic=WORDS, password_file=password_file())
    equal(theirs.get_coldkey(password=PASSWORD).ss58_address, ADDRESS)
    equal(theirs.get_coldkeypub().ss58_address, ADDRESS)
    try:
        theirs.get_coldkey(password=PASSWORD + "!")
    except Exception as error:
        equal("Wrong password" in str(error), True)
        return
    raise AssertionError("they opened it with a wrong password")


def fresh_request():
    body = secrets.token_bytes(300)
    return {"method": "POST", "target": f"/audit/{secrets.token_hex(4)}?round=7", "body": body.hex()}


def requests_signed_by_us_are_taken_once_and_tampered_ones_refused(keys):
    me = btw.Keypair.create_from_mnemonic(btw.Keypair.generate_mnemonic())
    other = btw.Keypair.create_from_mnemonic(btw.Keypair.generate_mnemonic())
    peer = Peer("btauth_interop", secrets.token_hex(32))
    store = bt.http_auth.InMemoryNonceStore()

    def verify(sent, headers, me=me):
        try:
            caller = bt.http_auth.verify(
                headers, bytes.fromhex(sent["body"]), method=sent["method"], path=sent["target"],
                self_hotkey_ss58=me.ss58_address, nonce_store=store,
            )
            return caller.hotkey_ss58
        except bt.http_auth.AuthError as error:
            return type(error).__name__

    sent = fresh_request()
    signed = peer.get("sign", sent=sent, receiver=me.ss58_address)
    headers = signed["headers"]
    for name, changed, changed_headers in tamperings(sent, headers):
        equal((name, verify(changed, changed_headers)), (name, "BadSignature"))
    equal(verify(sent, headers, other), "WrongReceiver")
    equal(verify(sent, headers), signed["address"])
    equal(verify(sent, headers), "ReplayedRequest")
    equal(peer.close(), 0)


def requests_signed_by_them_are_taken_once_and_tampered_ones_refused(keys):
    them = btw.Keypair.create_from_mnemonic(btw.Keypair.generate_mnemonic())
    seed = secrets.token_hex(32)
    peer, other = Peer("btauth_interop", seed), Peer("btauth_interop", secrets.token_hex(32))
    me = peer.get("sign", sent=fresh_request(), receiver=them.ss58_address)["address"]
    sent = fresh_request()

    def sign(**fields):
        return bt.http_auth.sign(
            them, method=sent["method"], path=sent["target"], body=bytes.fromhex(sent["body"]), **fields
        )

    def refused(peer, sent, headers, words):
        answer = peer.get("verify", sent=sent, headers=headers)
        equal((words, words in answer.get("refused", f"accepted: {answer}")), (words, True))

    headers = sign(receiver_ss58=me)
    for name, changed, changed_headers in tamperings(sent, headers):
        refused(peer, changed, changed_headers, "signature")
    refused(other, sent, headers, me)
    equal(peer.get("verify", sent=sent, headers=headers), {"accepted": them.ss58_address})
    refused(peer, sent, headers, "was taken before")
    for seconds in (-60, 60):
        stale = sign(receiver_ss58=me, nonce_ns=time.time_ns() + seconds * 10**9)
        refused(peer, sent, stale, "compare the clocks")
    refused(peer, sent, sign(), "is for nobody")
    equal([peer.close(), other.close()], [0, 0])


def tamperings(sent, headers):
    """Requests with one thing changed since they were signed."""
    lowered = {name.lower(): value for name, value in headers.items()}
    body = bytearray.fromhex(sent["body"])
    body[17] ^= 1
    nonce = lowered["x-bittensor-nonce"]
    signature = lowered["x-bittensor-signature"]
    last = "0" if signature[-9] != "0" else "1"
    return [
        ("body", {**sent, "body": body.hex()}, lowered),
        ("target", {**sent, "target": sent["target"] + "1"}, lowered),
        ("method", {**sent, "method": "PUT"}, lowered),
        ("nonce", sent, {**lowered, "x-bittensor-nonce": str(int(nonce) + 1)}),
        ("signature", sent, {**lowered, "x-bittensor-signature": signature[:-9] + last + signature[-8:]}),
        ("scheme", sent, {**lowered, "x-bittensor-crypto": "ed25519"}),
    ]


def enveloped(inside, round):
    """Sealed bytes as their `encrypt_at_round` gives them: a compact length before, the round after."""
    return (len(inside) << 2 | 1).to_bytes(2, "little") + inside + round.to_bytes(8, "little")


def rounds_verify_under_the_key_of_quicknet(keys):
    for round, signature in ROUNDS.items():
        equal(keys.get("verify-round", round=round, signature=signature)["verifies"], True)
        equal(keys.get("verify-round", round=round + 1, signature=signature)["verifies"], False)


def messages_sealed_by_them_open(keys):
    for round, signature in ROUNDS.items():
        for length in (0, 1, 16, 300):
            message = secrets.token_bytes(length)
            sealed, _ = drand.encrypt_at_round(message, round)
            inside = sealed[2:-8]
            equal(enveloped(inside, round), sealed)
            opened = keys.get("open", bytes=inside.hex(), signature=signature)["message"]
            equal(opened, message.hex())
    wrong = keys.ask("open", bytes=inside.hex(), signature=ROUNDS[123])
    equal("error" in wrong, True)


def messages_sealed_by_us_open_and_are_as_long_as_theirs(keys):
    for round, signature in ROUNDS.items():
        for length in (0, 1, 16, 300):
            message = secrets.token_bytes(length)
            ours = bytes.fromhex(keys.get("seal", message=message.hex(), round=round)["bytes"])
            sealed = enveloped(ours, round)
            equal(drand.decrypt_with_signature(sealed, signature), message)
            theirs, _ = drand.encrypt_at_round(message, round)
            equal(len(sealed), len(theirs))
            # All that is neither drawn nor encrypted stands at the same places.
            for start, end in [(98, 106), (138, 146), (178, 194), (-44, -36), (-24, None)]:
                equal(sealed[start:end], theirs[start:end])
    changed = bytearray(sealed)
    changed[-40] ^= 1
    try:
        drand.decrypt_with_signature(bytes(changed), signature)
    except Exception:
        return
    raise AssertionError("they opened changed bytes")


def weights_sealed_by_either_side_hold_the_same(keys):
    hotkey = btw.Keypair.create_from_mnemonic(WORDS)
    uids, values, version_key = list(range(256)), [65535 - 3 * uid for uid in range(256)], 7
    state = dict(
        last_epoch_block=1000, pending_epoch_at=0, subnet_epoch_index=10, tempo=360, blocks_since_last_step=20,
        current_block=1020, subnet_reveal_period_epochs=1,
    )
    theirs, round = b"", 0
    for _ in range(20):
        # Their round follows the clock: blocks that run backwards lead to one that is out.
        block_time = (QUICKNET_GENESIS_S + 3001.5 - time.time()) / 343
        theirs, round = drand.get_encrypted_commit_v2(
            uids=uids, weights=values, version_key=version_key, block_time=block_time, hotkey=hotkey.public_key,
            **state,
        )
        if round == 1000:
            break
    equal(round, 1000)
    opened = keys.get("open-weights", bytes=theirs.hex(), signature=ROUNDS[1000])
    said = {"hotkey": ADDRESS, "uids": uids, "values": values, "version_key": version_key}
    equal(opened, said)
    ours = keys.get("seal-weights", weights=said, round=1000)["bytes"]
    equal(len(ours) // 2, len(theirs))
    equal(keys.get("open-weights", bytes=ours, signature=ROUNDS[1000]), said)
    message = drand.decrypt_with_signature(enveloped(bytes.fromhex(ours), 1000), ROUNDS[1000])
    equal(message, drand.decrypt_with_signature(enveloped(theirs, 1000), ROUNDS[1000]))


def rounds_to_reveal_in_are_theirs(keys):
    draw = secrets.SystemRandom()
    for _ in range(300):
        head = draw.randrange(1, 8_000_000)
        tempo = draw.choice([1, 10, 99, 360, 360, 720, draw.randrange(1, 2000)])
        last = max(0, head - draw.randrange(2 * tempo + 2))
        pending = draw.choice([0, 0, head + draw.randrange(1, 2 * tempo + 2)])
        since = draw.choice([head - last, draw.randrange(50_000)])
        index, period, block_s = draw.randrange(10**6), draw.choice([1, 1, 2, 10]), draw.choice([12.0, 0.25])

        def ours():
            return keys.get(
                "counted-round", last_epoch=last, pending=pending, index=index, tempo=tempo, since_step=since,
                head=head, period=period, block_ms=int(block_s * 1000), now_ms=time.time_ns() // 10**6,
            )["round"]

        before = ours()
        _, theirs = drand.get_encrypted_commit_v2(
            uids=[0], weights=[1], version_key=0, last_epoch_block=last, pending_epoch_at=pending,
            subnet_epoch_index=index, tempo=tempo, blocks_since_last_step=since, current_block=head,
            subnet_reveal_period_epochs=period, block_time=block_s, hotkey=bytes(32),
        )
        if not before <= theirs <= ours():
            state = (last, pending, tempo, since, head, period, block_s)
            raise AssertionError(f"found {before}, expected {theirs} for {state}")


CHECKS = [
    hotkeys_that_they_make_are_read,
    hotkeys_that_we_make_are_read,
    files_are_the_same_but_for_the_order_of_fields,
    signatures_of_either_side_verify,
    a_coldkey_that_they_encrypt_opens,
    a_coldkey_that_we_encrypt_opens_and_only_with_its_password,
    requests_signed_by_us_are_taken_once_and_tampered_ones_refused,
    requests_signed_by_them_are_taken_once_and_tampered_ones_refused,
    rounds_verify_under_the_key_of_quicknet,
    messages_sealed_by_them_open,
    messages_sealed_by_us_open_and_are_as_long_as_theirs,
    weights_sealed_by_either_side_hold_the_same,
    rounds_to_reveal_in_are_theirs,
]


def main():
    keys, failed = Peer("keys_interop"), []
    for check in CHECKS:
        began, name = time.monotonic(), check.__name__.replace("_", " ")
        try:
            check(keys)
            print(f"  ok      {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:
            failed.append(name)
            print(f"  FAILED  {name}\n{traceback.format_exc()}", flush=True)
    keys.close()
    print(f"interop: {len(CHECKS) - len(failed)} of {len(CHECKS)} checks passed")
    return 1 if failed else 0


sys.exit(main())

"""`python3 -m unittest` runs these, without WebAssembly; `plimsoll plugin test` tries the laws of its kind in it."""

import unittest

import app
from plimsoll import Round, Standing

ROUND = Round(epoch=0, block=0, beacon=bytes(32))


def miner(uid, proven_bytes, issued=4, failed=0):
    counts = dict(issued=issued, passed=issued - failed, failed=failed, late=0, absent=0)
    keys = dict(hotkey=bytes([uid] * 32), coldkey=bytes(32))
    sizes = dict(claimed_bytes=1_000, proven_bytes=proven_bytes, cargo_bytes=0)
    return Standing(uid=uid, **keys, **sizes, **counts, latency_p50_ms=10, latency_p99_ms=20)


def weights(*miners, config="{}"):
    outcome = app.weigh(app.ABOUT.read(config), ROUND, list(miners), b"")
    return {weight.uid: weight.value for weight in outcome.weights}


class Weights(unittest.TestCase):
    def test_proven_bytes_are_paid_and_a_failure_is_not(self):
        self.assertEqual(weights(miner(1, 700), miner(2, 500, failed=1)), {1: 700, 2: 0})

    def test_who_was_asked_too_seldom_is_not_paid(self):
        paid = weights(miner(1, 700, issued=2), miner(2, 700, issued=3), config='{"least_audits": 3}')
        self.assertEqual(paid, {1: 0, 2: 700})


if __name__ == "__main__":
    unittest.main()

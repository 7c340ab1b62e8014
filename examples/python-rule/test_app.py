"""`python3 -m unittest` runs these, without WebAssembly."""

import unittest

import app
from plimsoll import Refusal, Round, Standing

ROUND = Round(epoch=0, block=0, beacon=bytes(32))


def miner(uid, proven_bytes, issued=4, failed=0):
    counts = dict(issued=issued, passed=issued - failed, failed=failed, late=0, absent=0)
    keys = dict(hotkey=bytes([uid] * 32), coldkey=bytes(32))
    sizes = dict(claimed_bytes=1_000, proven_bytes=proven_bytes, cargo_bytes=0)
    return Standing(uid=uid, **keys, **sizes, **counts, latency_p50_ms=10, latency_p99_ms=20)


def epochs(*rounds):
    """The weights of each round, one after the other with the rule's own memory."""
    params, memory, values = app.ABOUT.read("{}"), b"", []
    for standings in rounds:
        outcome = app.weigh(params, ROUND, standings, memory)
        memory = outcome.memory
        values.append([weight.value for weight in outcome.weights])
    return values


class Streaks(unittest.TestCase):
    def test_a_streak_earns_more_every_epoch_up_to_the_longest(self):
        values = epochs(*[[miner(1, 100)]] * 10)
        self.assertEqual(values, [[100 * (4 + min(epoch, 8))] for epoch in range(1, 11)])

    def test_a_lost_audit_ends_it_and_an_epoch_without_one_does_not(self):
        good, bad, silent = miner(1, 100), miner(1, 75, failed=1), miner(1, 100, issued=0)
        self.assertEqual(epochs([good], [good], [silent], [bad], [good]), [[500], [600], [600], [300], [500]])

    def test_the_memory_does_not_depend_on_the_order_of_miners(self):
        params, pair = app.ABOUT.read("{}"), [miner(1, 100), miner(2, 200)]
        one, other = (app.weigh(params, ROUND, order, b"").memory for order in (pair, pair[::-1]))
        self.assertEqual(one, other)

    def test_a_memory_that_is_none_of_ours_is_refused(self):
        for memory in (b"\xff", b"[]", b'{"00":"many"}'):
            with self.assertRaises(Refusal):
                app.weigh(app.ABOUT.read("{}"), ROUND, [], memory)


if __name__ == "__main__":
    unittest.main()

"""`python3 -m unittest` runs these, without WebAssembly; `plimsoll plugin test` tries the laws of its kind in it."""

import unittest

import app
from plimsoll import Budget, Candidate, Round

ROUND = Round(epoch=9, block=90, beacon=bytes(32))
BUDGET = Budget(audits=2, samples=8, verify_ms=1_000, deadline_ms=5_000)


def miner(uid, last_epoch, units=16):
    counts = dict(issued=0, passed=0, failed=0, late=0, absent=0)
    size = dict(claimed_bytes=units * 65_536, units=units)
    return Candidate(uid=uid, hotkey=bytes([uid] * 32), **size, **counts, last_epoch=last_epoch)


def chosen(*miners, randomness=bytes(32)):
    audits = app.choose(app.ABOUT.read("{}"), ROUND, randomness, list(miners), BUDGET)
    return [audit.uid for audit in audits]


class Choice(unittest.TestCase):
    def test_who_was_never_audited_comes_first_and_who_holds_nothing_never(self):
        self.assertEqual(chosen(miner(1, 3), miner(2, None), miner(3, 2), miner(4, None, units=0)), [2, 3])

    def test_the_round_decides_among_equals(self):
        equals = [miner(uid, None) for uid in range(20)]
        plans = {tuple(chosen(*equals, randomness=bytes([n] * 32))) for n in range(20)}
        self.assertGreater(len(plans), 10)


if __name__ == "__main__":
    unittest.main()

"""`sample-plugin`: miners that were not audited for the longest time come first."""

import plimsoll
from plimsoll import Audit, keyed_digest, samples_each, staggered

ABOUT = plimsoll.About(
    name="sample-plugin",
    version="0.1.0",
    summary="Audits whoever was not audited for the longest time, in random order among equals.",
    limits="A miner that was audited lately knows that others come first.",
    parameters={
        "spread_ms": plimsoll.whole_number(
            default=1_000, least=0, most=3_600_000, about="Milliseconds over which the audits of a round are spread."
        ),
        "sample_us": plimsoll.whole_number(
            default=500,
            least=1,
            most=10_000_000,
            about="Microseconds that verifying one sample takes, to stay within the budget's time.",
        ),
    },
)


def choose(params, round, randomness, candidates, budget):
    def order(miner):
        # The round's randomness decides among equals: no miner can know its place before the round.
        last = -1 if miner.last_epoch is None else miner.last_epoch
        return (last, keyed_digest(randomness, miner.hotkey), miner.uid)

    chosen = sorted((miner for miner in candidates if miner.units > 0), key=order)[: budget.audits]
    samples = samples_each(budget, len(chosen), params.sample_us)
    return [
        Audit(miner.uid, samples, None, staggered(index, len(chosen), params.spread_ms), budget.deadline_ms)
        for index, miner in enumerate(chosen)
    ]


Lifecycle, ChallengeStrategy = plimsoll.challenge_strategy(ABOUT, choose)

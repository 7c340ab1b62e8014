"""`sample-plugin`: proven bytes, and nothing in an epoch with a failed audit."""

import plimsoll
from plimsoll import Outcome, earns

ABOUT = plimsoll.About(
    name="sample-plugin",
    version="0.1.0",
    summary="Pays the bytes that a miner proved, and nothing in an epoch in which it failed an audit.",
    limits="Has no memory: a failed audit costs one epoch, however often it happens.",
    parameters={
        "least_audits": plimsoll.whole_number(
            default=0,
            least=0,
            most=1_000,
            about="Audits of the epoch that a miner must have had to be paid; 0 pays the last proof of who was not asked.",
        ),
    },
)


def weight(params, miner):
    if miner.issued < params.least_audits:
        return earns(miner, 0, f"had {miner.issued} audits, {params.least_audits} are needed")
    if miner.failed > 0:
        return earns(miner, 0, f"failed {miner.failed} of {miner.issued} audits")
    if miner.issued == 0:
        return earns(miner, miner.proven_bytes, f"was not asked, and proved {miner.proven_bytes} bytes before")
    passed = f"proved {miner.proven_bytes} bytes with {miner.passed} of {miner.issued} audits"
    return earns(miner, miner.proven_bytes, passed)


def weigh(params, round, standings, memory):
    return Outcome([weight(params, miner) for miner in standings], b"")


Lifecycle, IncentiveRule = plimsoll.incentive_rule(ABOUT, weigh)

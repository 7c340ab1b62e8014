"""`rule-streak`: proven bytes, and more for who goes on proving them.

weight = proven bytes x (base + min(streak, longest)), where a streak is the epochs in a row in which a miner was asked
and passed every audit. A lost audit ends it. An epoch without an audit neither lengthens nor ends it.
"""

import json

import plimsoll
from plimsoll import Outcome, earns

ABOUT = plimsoll.About(
    name="rule-streak",
    version="0.1.0",
    summary="Pays proven bytes, and more of them the longer a miner has passed every audit.",
    limits="A newcomer earns less than an old miner of the same size, for as many epochs as a streak can grow.",
    parameters={
        "base": plimsoll.whole_number(default=4, least=1, most=1_000, about="What a byte earns without a streak."),
        "longest": plimsoll.whole_number(
            default=8, least=0, most=1_000, about="The streak from which on a miner earns no more."
        ),
    },
)


def remembered(memory):
    """Streaks by hotkey, as the last epoch left them."""
    if not memory:
        return {}
    try:
        streaks = json.loads(memory)
    except ValueError as error:
        raise plimsoll.bad_input(f"the memory is no JSON: {error}")
    if not isinstance(streaks, dict) or not all(type(streak) is int for streak in streaks.values()):
        raise plimsoll.bad_input("the memory is not a table of streaks")
    return streaks


def streak_after(miner, before, longest):
    if miner.issued == 0:
        return before
    return min(before + 1, longest) if miner.passed == miner.issued else 0


def weigh(params, round, standings, memory):
    before = remembered(memory)
    streaks, weights = {}, []
    for miner in standings:
        hotkey = miner.hotkey.hex()
        streak = streak_after(miner, before.get(hotkey, 0), params.longest)
        value = miner.proven_bytes * (params.base + streak)
        weights.append(earns(miner, value, f"proved {miner.proven_bytes} bytes, {streak} epochs in a row"))
        if streak > 0:
            streaks[hotkey] = streak
    # Keys in order: the same streaks are the same bytes, whichever miner came first.
    return Outcome(weights, json.dumps(streaks, sort_keys=True, separators=(",", ":")).encode())


Lifecycle, IncentiveRule = plimsoll.incentive_rule(ABOUT, weigh)

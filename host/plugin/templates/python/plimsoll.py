"""What a Plimsoll plugin in Python needs beside its own code: words of the contract, parameters, the way out.

`plimsoll plugin build` makes WebAssembly of it, where the words come from the contract in `wit/`. Outside of that, as
under `python3 -m unittest`, stand-ins with the same fields take their place.
"""

import functools
import hashlib
import json
import traceback
from dataclasses import dataclass
from types import SimpleNamespace
from typing import List, Optional

U64_MAX = 2**64 - 1

try:
    import wit_world.exports as _exports
    from componentize_py_types import Err as _Err
    from wit_world.imports import log as _log
    from wit_world.imports import types as _types
except ImportError:
    _exports = None

if _exports is None:

    @dataclass
    class Round:
        epoch: int
        block: int
        beacon: bytes

    @dataclass
    class Span:
        first: int
        count: int

    @dataclass
    class Standing:
        uid: int
        hotkey: bytes
        coldkey: bytes
        claimed_bytes: int
        proven_bytes: int
        cargo_bytes: int
        issued: int
        passed: int
        failed: int
        late: int
        absent: int
        latency_p50_ms: int
        latency_p99_ms: int

    @dataclass
    class Weight:
        uid: int
        value: int
        reason: str

    @dataclass
    class Outcome:
        weights: List[Weight]
        memory: bytes

    @dataclass
    class Candidate:
        uid: int
        hotkey: bytes
        claimed_bytes: int
        units: int
        issued: int
        passed: int
        failed: int
        late: int
        absent: int
        last_epoch: Optional[int]

    @dataclass
    class Budget:
        audits: int
        samples: int
        verify_ms: int
        deadline_ms: int

    @dataclass
    class Audit:
        uid: int
        samples: int
        focus: Optional[Span]
        start_ms: int
        deadline_ms: int

else:
    Round, Span = _types.Round, _types.Span
    if hasattr(_exports, "IncentiveRule"):
        from wit_world.exports.incentive_rule import Outcome, Standing, Weight
    else:
        from wit_world.exports.challenge_strategy import Audit, Budget, Candidate
        from wit_world.imports import pure as _pure


class Refusal(Exception):
    """What a plugin says when it cannot do its work; outside of WebAssembly an exception like any other."""


def bad_config(why):
    """To raise where parameters that pass the schema still make no sense together."""
    return Refusal(why) if _exports is None else _Err(_types.PluginError_BadConfig(why))


def bad_input(why):
    """To raise where the arguments make no sense, a damaged memory for instance."""
    return Refusal(why) if _exports is None else _Err(_types.PluginError_BadInput(why))


def whole_number(default, least, most, about):
    """A parameter: a whole number from `least` to `most`."""
    return {"type": "integer", "minimum": least, "maximum": most, "default": default, "description": about}


def one_of(default, words, about):
    """A parameter: one of a few words."""
    return {"type": "string", "enum": list(words), "default": default, "description": about}


@dataclass(frozen=True)
class About:
    """What a plugin says of itself: `summary` what it does, `limits` what it does not do, in one sentence each.

    `waivers` names economic laws of `plimsoll plugin test` that it breaks on purpose, each with the reason.
    """

    name: str
    version: str
    summary: str
    limits: str
    parameters: dict
    references: tuple = ()
    waivers: tuple = ()

    def schema(self):
        """The JSON schema that the host checks an operator's parameters against."""
        return {"type": "object", "additionalProperties": False, "properties": self.parameters}

    def read(self, config_json):
        """The parameters as attributes, those that are not given by their defaults."""
        given = json.loads(config_json)
        params = SimpleNamespace()
        for name, parameter in self.parameters.items():
            setattr(params, name, given.get(name, parameter["default"]))
        return params


def earns(miner, value, reason):
    """A miner's weight: any scale, whole numbers only, because a fraction is not the same on every machine."""
    if type(value) is not int:
        raise TypeError(f"uid {miner.uid} earns {value!r}: a weight is a whole number, use // and not /")
    return Weight(miner.uid, max(0, min(value, U64_MAX)), reason)


def keyed_digest(key, data):
    """Keyed BLAKE3, 32 bytes, by the host. Outside of WebAssembly BLAKE2: as even, but other bytes."""
    if _exports is None:
        return hashlib.blake2b(data, key=key, digest_size=32).digest()
    return _pure.keyed_digest(key, data)


def samples_each(budget, audits, sample_us):
    """The samples of each of `audits` audits that can be verified in time, if one takes `sample_us`; at least one."""
    in_time = budget.verify_ms * 1000 // (max(sample_us, 1) * max(audits, 1))
    return max(1, min(in_time, budget.samples))


def staggered(index, starts, spread_ms):
    """Start number `index` of `starts` that are spread evenly over `spread_ms`."""
    return spread_ms * index // max(starts, 1)


def _telling(function):
    """A breakdown leaves its last words in the host's log; it is the plugin's own, so it is not hidden."""

    @functools.wraps(function)
    def told(*arguments):
        try:
            return function(*arguments)
        except Exception as error:
            if _exports is not None and not isinstance(error, _Err):
                _log.log(_log.Level.ERROR, "".join(traceback.format_exception(error)[-3:]))
            raise

    return told


def _lifecycle(about, configured):
    class Lifecycle:
        def describe(self):
            from wit_world.exports.lifecycle import Descriptor

            schema = json.dumps(about.schema(), sort_keys=True)
            waived = [f"waives {law}: {reason}" for law, reason in about.waivers]
            told = (about.name, about.version, about.summary, about.limits, [*about.references, *waived])
            return Descriptor(*told, schema)

        @_telling
        def configure(self, config_json):
            configured.params = about.read(config_json)

    return Lifecycle


def incentive_rule(about, weigh):
    """What WebAssembly exports of `weigh(params, round, standings, memory)`, which gives an `Outcome`."""
    configured = SimpleNamespace(params=None)

    class IncentiveRule:
        @_telling
        def weigh(self, round, standings, memory):
            return weigh(configured.params, round, standings, memory)

    return _lifecycle(about, configured), IncentiveRule


def challenge_strategy(about, choose):
    """What WebAssembly exports of `choose(params, round, randomness, candidates, budget)`, which gives `Audit`s."""
    configured = SimpleNamespace(params=None)

    class ChallengeStrategy:
        @_telling
        def choose(self, round, randomness, candidates, budget):
            return choose(configured.params, round, randomness, candidates, budget)

    return _lifecycle(about, configured), ChallengeStrategy

//! Every key of `plimsoll.toml` and `subnet.toml`, in the order of the file: the one table that checking,
//! layering, `config show`, `init` and the names of environment variables are read from.

use super::kind::Kind;
use super::slot::Slot;

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// `section.name`, or only `name` at the top of the file.
    pub(crate) path: &'static str,
    /// What its value may be.
    pub(crate) kind: Kind,
    /// The default, as it is written in TOML; without one the key is unset.
    pub(crate) default: Option<&'static str>,
    /// What `init` shows where there is no default.
    pub(crate) example: &'static str,
    /// Whether a subnet may agree on it in `subnet.toml`.
    pub(crate) agreed: bool,
    /// What it means, for the person who edits the file.
    pub(crate) about: &'static str,
}

impl Key {
    /// The part in front of the last dot; empty at the top of the file.
    pub(crate) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The part behind the last dot.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!("PLIMSOLL_{}", self.path.replace('.', "_").to_uppercase())
    }
}

/// The sections in the order of the file, and what they are about.
pub(crate) const SECTIONS: [(&str, &str); 11] = [
    ("wallet", "Whose key signs. Bittensor's own wallet folders are read."),
    ("space", "How much disk space is offered, and where."),
    ("chain", "Which chain, which subnet."),
    ("miner", "What `plimsoll miner` listens on and announces."),
    ("validator", "What `plimsoll validator` asks, and how long it waits."),
    ("allocation", "How space is divided among validators."),
    ("challenge", "Whom to audit, how hard and how fast."),
    ("proof", "How space is filled, committed, challenged and proven."),
    ("incentive", "What a miner earns for what it proved."),
    ("dataset", "Where miners keep their datasets, and what a row of one is."),
    ("plugins", "The limits of every plugin."),
];

const fn key(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    agreed: bool,
    about: &'static str,
) -> Key {
    Key { path, kind, default: Some(default), example: default, agreed, about }
}

const fn unset(
    path: &'static str,
    kind: Kind,
    example: &'static str,
    agreed: bool,
    about: &'static str,
) -> Key {
    Key { path, kind, default: None, example, agreed, about }
}

const PIN: &str = "The BLAKE3 digest that the plugin must have; `plimsoll plugin pin FILE` prints it.";
const PIN_EXAMPLE: &str = "\"0000000000000000000000000000000000000000000000000000000000000000\"";
const PARAMS: &str = "The plugin's own parameters; `plimsoll plugin inspect` shows what it takes.";

/// Every key.
pub(crate) static KEYS: [Key; 60] = [
    unset(
        "subnet",
        Kind::Path,
        "\"subnet.toml\"",
        false,
        "What the subnet agreed on. What that file sets cannot be set differently here.",
    ),
    key("wallet.name", Kind::WalletName, "\"default\"", false, "The wallet's name (its coldkey)."),
    key("wallet.hotkey", Kind::HotkeyName, "\"default\"", false, "The hotkey's name inside the wallet."),
    key("wallet.path", Kind::Path, "\"~/.bittensor/wallets\"", false, "The folder of all wallets."),
    key("space.db_path", Kind::Path, "\"~/bittensor-db\"", false, "The folder that plots are kept in."),
    key(
        "space.disks_dir",
        Kind::Path,
        "\"~/.plimsoll/disks\"",
        false,
        "Where is remembered which disk was under `db_path`: one that is not mounted is told by it.",
    ),
    key("space.threshold", Kind::Share, "0.0001", false, "The share of the free space to use."),
    unset(
        "space.max_size",
        Kind::Size { least: 1 },
        "\"2TB\"",
        false,
        "A cap that is never exceeded; without a threshold all of it is used.",
    ),
    key(
        "space.chunk_size",
        Kind::Size { least: 1 },
        "100_000",
        false,
        "Bytes of one chunk: a validator's share is a whole number of chunks.",
    ),
    key(
        "space.workers",
        Kind::Count { least: 0, most: 1024 },
        "0",
        false,
        "Threads that fill and check plots; 0 means one a core.",
    ),
    key(
        "space.io",
        Kind::Choice(&["auto", "direct", "buffered"]),
        "\"auto\"",
        false,
        "How plots are written; `auto` takes the faster that the disk can do.",
    ),
    key(
        "chain.endpoint",
        Kind::Endpoint,
        "\"local://127.0.0.1:9933\"",
        false,
        "Where the chain is: local://HOST:PORT as `plimsoll localnet` serves it, or nodes of Bittensor, \
         wss://HOST:PORT, with commas between several.",
    ),
    unset(
        "chain.network",
        Kind::Choice(&["finney", "test", "local"]),
        "\"test\"",
        false,
        "The Bittensor network; its public nodes are used where `endpoint` names none, and else must be of it.",
    ),
    key("chain.netuid", Kind::Count { least: 0, most: 65_535 }, "1", true, "The subnet's number."),
    key("miner.listen", Kind::Address, "\"0.0.0.0:8091\"", false, "The address to answer audits on."),
    unset(
        "miner.announce",
        Kind::Address,
        "\"203.0.113.7:8091\"",
        false,
        "The address written to the chain, where it differs from `listen`.",
    ),
    key(
        "miner.connections",
        Kind::Count { least: 1, most: 65_536 },
        "512",
        false,
        "Open connections; one more is told so and closed.",
    ),
    key(
        "miner.connections_per_address",
        Kind::Count { least: 1, most: 65_536 },
        "64",
        false,
        "Open connections of one address, at most `connections`.",
    ),
    key(
        "miner.answers_at_once",
        Kind::Count { least: 1, most: 65_536 },
        "16",
        false,
        "Requests that are worked on at once; others wait for their turn, the bigger stake first.",
    ),
    key(
        "miner.answers_at_once_per_caller",
        Kind::Count { least: 1, most: 65_536 },
        "2",
        false,
        "How many of them may be one validator's, at most `answers_at_once`.",
    ),
    key(
        "miner.burst",
        Kind::Count { least: 1, most: 1_000_000 },
        "64",
        false,
        "Requests that one validator may send in one go.",
    ),
    key(
        "miner.refill_ms",
        Kind::Count { least: 0, most: 3_600_000 },
        "100",
        false,
        "After how many milliseconds it may send one more.",
    ),
    key(
        "miner.head_ms",
        Kind::Count { least: 1, most: 86_400_000 },
        "5_000",
        false,
        "How long a request's head may take to arrive, in milliseconds.",
    ),
    key(
        "miner.body_ms",
        Kind::Count { least: 1, most: 86_400_000 },
        "10_000",
        false,
        "How long its body may take, in milliseconds.",
    ),
    key(
        "miner.answer_ms",
        Kind::Count { least: 1, most: 86_400_000 },
        "120_000",
        false,
        "How long its answer may take, in milliseconds, waiting for its turn included.",
    ),
    key(
        "miner.only",
        Kind::Hotkeys,
        "[]",
        false,
        "Hotkeys of the only validators to answer; empty for all that have a permit.",
    ),
    key("miner.deny", Kind::Hotkeys, "[]", false, "Hotkeys that are never answered."),
    unset(
        "miner.replay_dir",
        Kind::Path,
        "\"~/.plimsoll/replay\"",
        false,
        "The folder where it is kept, for each hotkey apart, which requests were answered; unset is beside the plots.",
    ),
    key(
        "miner.axon_v10",
        Kind::Switch,
        "false",
        false,
        "Whether requests in the form of Bittensor's version 10 are answered too.",
    ),
    key(
        "validator.audits",
        Kind::Count { least: 1, most: 65_536 },
        "256",
        true,
        "Audits of one epoch, over all miners.",
    ),
    key(
        "validator.samples",
        Kind::Count { least: 1, most: 4096 },
        "90",
        true,
        "Units of one audit: 90 find a loss of 5 % with 99 %; fewer, as the evidence says, where the proof has no room.",
    ),
    key(
        "validator.deadline_ms",
        Kind::Count { least: 1, most: 600_000 },
        "5_000",
        true,
        "How long an answer may take at most, in milliseconds.",
    ),
    key(
        "validator.verify_ms",
        Kind::Count { least: 1, most: 3_600_000 },
        "60_000",
        false,
        "CPU time for verifying all answers of an epoch, in milliseconds.",
    ),
    key(
        "validator.concurrency",
        Kind::Count { least: 1, most: 1024 },
        "64",
        false,
        "Audits that wait for an answer at the same time.",
    ),
    key(
        "validator.evidence_dir",
        Kind::Path,
        "\"~/.plimsoll/evidence\"",
        false,
        "The folder of the evidence log, from which `plimsoll replay` recomputes the weights.",
    ),
    key(
        "allocation.policy",
        Kind::Plugin(Slot::Allocation),
        "\"builtin:allocation-stake\"",
        true,
        "The plugin: builtin:NAME (`plimsoll plugin list`) or the path of a .wasm file.",
    ),
    unset("allocation.blake3", Kind::Pin, PIN_EXAMPLE, true, PIN),
    unset("allocation.params", Kind::Params, "{}", true, PARAMS),
    key(
        "challenge.strategy",
        Kind::Plugin(Slot::Challenge),
        "\"builtin:challenge-uniform\"",
        true,
        "The plugin: builtin:NAME or the path of a .wasm file.",
    ),
    unset("challenge.blake3", Kind::Pin, PIN_EXAMPLE, true, PIN),
    unset("challenge.params", Kind::Params, "{}", true, PARAMS),
    key(
        "proof.scheme",
        Kind::Plugin(Slot::Proof),
        "\"builtin:proof-stream\"",
        true,
        "The plugin: builtin:NAME or the path of a .wasm file.",
    ),
    unset("proof.blake3", Kind::Pin, PIN_EXAMPLE, true, PIN),
    unset("proof.params", Kind::Params, "{}", true, PARAMS),
    key(
        "incentive.rule",
        Kind::Plugin(Slot::Incentive),
        "\"builtin:incentive-proportional\"",
        true,
        "The plugin: builtin:NAME or the path of a .wasm file.",
    ),
    unset("incentive.blake3", Kind::Pin, PIN_EXAMPLE, true, PIN),
    unset("incentive.params", Kind::Params, "{}", true, PARAMS),
    key(
        "dataset.source",
        Kind::Plugin(Slot::Dataset),
        "\"builtin:dataset-flock\"",
        true,
        "The plugin: builtin:NAME or the path of a .wasm file.",
    ),
    unset("dataset.blake3", Kind::Pin, PIN_EXAMPLE, true, PIN),
    unset("dataset.params", Kind::Params, "{}", true, PARAMS),
    key(
        "dataset.data_dir",
        Kind::Path,
        "\"~/data\"",
        false,
        "The folder that holds the archive of collected datasets, and `miner_datasets` once they are checked out.",
    ),
    key(
        "dataset.jobs",
        Kind::Count { least: 1, most: 1024 },
        "16",
        false,
        "Requests to the hub that are under way at a time.",
    ),
    key(
        "dataset.rate",
        Kind::Count { least: 0, most: 10_000 },
        "0",
        false,
        "Requests to the hub a second at most; 0 means as many as it grants.",
    ),
    key(
        "dataset.min_rows",
        Kind::Count { least: 0, most: 1_000_000 },
        "0",
        false,
        "Datasets with fewer valid rows are kept, but not counted as downloaded.",
    ),
    key("dataset.sign", Kind::Switch, "false", false, "Whether snapshots are signed by the wallet's hotkey."),
    key(
        "plugins.cache_dir",
        Kind::Path,
        "\"~/.plimsoll/plugin-cache\"",
        false,
        "The private folder of compiled plugins; deleting it costs one compilation.",
    ),
    key(
        "plugins.allow",
        Kind::Choice(&["compiled", "interpreted"]),
        "\"compiled\"",
        true,
        "`interpreted` also accepts rules and strategies that carry an interpreter, as those in Python do.",
    ),
    key(
        "plugins.max_component",
        Kind::Size { least: 1 },
        "\"8MiB\"",
        false,
        "The largest plugin file that is accepted.",
    ),
    key(
        "plugins.max_memory",
        Kind::Size { least: 1 << 20 },
        "\"64MiB\"",
        true,
        "The memory of one instance of a plugin.",
    ),
    key(
        "plugins.fuel_percent",
        Kind::Count { least: 1, most: 10_000 },
        "100",
        true,
        "The work that one call may do, in percent of the built-in amounts.",
    ),
];

/// The key of that path.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether there is a section of that name.
pub(crate) fn is_section(name: &str) -> bool {
    SECTIONS.iter().any(|(section, _)| *section == name)
}

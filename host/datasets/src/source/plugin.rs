//! The plugin that reads a subnet's commitments and rows.

use std::collections::HashMap;

use plimsoll_chain::NeuronRecord;
use plimsoll_core::{BlockNumber, CompetitionLimits, DatasetPlace, Decoded, Hotkey, NotMine, StakeRao, Uid};
use plimsoll_plugin::{DatasetSource, Host, PluginError, PluginRef};
use serde_json::Value;

use super::answers::Answers;
use super::{CheckedFile, Committed, Form, Redacted, file};
use crate::archive::shown_namespace;

/// The plugin under its parameters. Clones share it; it may be asked from many threads.
#[derive(Debug, Clone)]
pub struct Source {
    pub(super) plugin: DatasetSource,
    pub(super) answers: Answers,
}

/// What one miner's commitment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its place in the subnet at the block that was read.
    pub uid: Uid,
    /// Who: what it is known by, together with the block.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
    /// Its share among miners in the last epoch, out of 65535, where the chain tells it.
    pub incentive: Option<u16>,
    /// What stands behind it.
    pub stake_rao: StakeRao,
    /// When it committed; `None` where it never did.
    pub block: Option<BlockNumber>,
    /// To what.
    pub outcome: Outcome,
}

/// What became of a commitment. Neither form of it that is shown tells the name of a branch or tag.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A dataset of this source.
    Dataset {
        /// Where it is.
        place: DatasetPlace,
        /// Whether the commitment was sealed before.
        revealed: bool,
    },
    /// Nothing of this source.
    NotMine {
        /// Why not.
        why: NotMine,
        /// What may be told of the bytes, where there are some.
        raw: Option<Redacted>,
    },
    /// The plugin broke down on it: nobody can tell. Never the miner's fault, and no other miner's matter.
    Undecided {
        /// What the plugin's error says.
        why: String,
        /// What may be told of the bytes.
        raw: Redacted,
    },
}

/// What a whole subnet is committed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// One entry a neuron, by uid.
    pub found: Vec<Found>,
    /// Commitments of hotkeys that have left the subnet: they outlive their neurons.
    pub left_behind: usize,
}

impl Source {
    /// Loads the plugin. `params` is a JSON object; `{}` means all defaults.
    ///
    /// # Errors
    /// As [`Host::load_dataset_source`].
    pub fn load(host: &Host, plugin: &PluginRef, params: &Value) -> Result<Self, PluginError> {
        Ok(Self { plugin: host.load_dataset_source(plugin, params)?, answers: Answers::default() })
    }

    /// The loaded plugin: its name, digest and parameters, as a manifest names them.
    #[must_use]
    pub const fn plugin(&self) -> &DatasetSource {
        &self.plugin
    }

    /// What each commitment says, in order. One that the plugin breaks down on stops no other.
    ///
    /// # Errors
    /// Where the plugin cannot even start.
    pub fn decode(&self, commitments: &[&Committed]) -> Result<Vec<Outcome>, PluginError> {
        let readable = |committed: &&&Committed| committed.form.bytes().is_some();
        let asked: Vec<(&[u8], BlockNumber)> = commitments
            .iter()
            .filter(readable)
            .filter_map(|committed| Some((committed.form.bytes()?, committed.block)))
            .collect();
        let mut answers = match asked.is_empty() {
            true => Vec::new(),
            false => self.plugin.instance()?.decode_all(&asked),
        }
        .into_iter();
        let not_mine = |why| Outcome::NotMine { why, raw: None };
        let outcome = |committed: &&Committed| match &committed.form {
            Form::Nothing => not_mine(NotMine::None),
            Form::Sealed(round) => not_mine(NotMine::Encrypted(Some(*round))),
            Form::Unreadable => not_mine(NotMine::Foreign),
            Form::Plain(bytes) => told(bytes, false, answers.next()),
            Form::Revealed(bytes) => told(bytes, true, answers.next()),
        };
        Ok(commitments.iter().map(outcome).collect())
    }

    /// What every neuron of a subnet is committed to. Of several commitments of one hotkey, such as one that is sealed
    /// and one that was revealed before, the newest that names a dataset counts, else the newest.
    ///
    /// # Errors
    /// As [`Source::decode`].
    pub fn survey(&self, neurons: &[NeuronRecord], committed: &[Committed]) -> Result<Survey, PluginError> {
        let all: Vec<&Committed> = committed.iter().collect();
        let outcomes = self.decode(&all)?;
        let mut newest: HashMap<Hotkey, (BlockNumber, Outcome)> = HashMap::new();
        for (committed, outcome) in all.iter().zip(outcomes) {
            let is_better = newest.get(&committed.hotkey).is_none_or(|(block, before)| {
                (outcome.place().is_some(), committed.block) >= (before.place().is_some(), *block)
            });
            if is_better {
                newest.insert(committed.hotkey, (committed.block, outcome));
            }
        }
        let found = neurons.iter().map(|neuron| {
            let (block, outcome) = newest.remove(&neuron.hotkey).map_or_else(
                || (None, Outcome::NotMine { why: NotMine::None, raw: None }),
                |(block, outcome)| (Some(block), outcome),
            );
            let (incentive, stake_rao) = (neuron.incentive, neuron.stake_rao);
            let (uid, hotkey, coldkey) = (neuron.uid, neuron.hotkey, neuron.coldkey);
            Found { uid, hotkey, coldkey, incentive, stake_rao, block, outcome }
        });
        let found = found.collect();
        Ok(Survey { found, left_behind: newest.len() })
    }

    /// What a competition asks for; `None` where the plugin does not know it.
    ///
    /// # Errors
    /// The plugin's.
    pub fn competition(&self, id: &str) -> Result<Option<CompetitionLimits>, PluginError> {
        self.plugin.instance()?.competition(id)
    }

    /// The rows of a file of the competition.
    ///
    /// # Errors
    /// The plugin's.
    pub fn check_file(&self, bytes: &[u8], competition: &str) -> Result<CheckedFile, PluginError> {
        file::check(self, bytes, competition)
    }
}

impl Outcome {
    /// Where the dataset is, if there is one.
    #[must_use]
    pub const fn place(&self) -> Option<&DatasetPlace> {
        match self {
            Self::Dataset { place, .. } => Some(place),
            Self::NotMine { .. } | Self::Undecided { .. } => None,
        }
    }

    /// Whether anything was committed to at all.
    #[must_use]
    pub const fn is_committed(&self) -> bool {
        !matches!(self, Self::NotMine { why: NotMine::None, .. })
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let namespace = self.place().map(|place| shown_namespace(&place.namespace)).unwrap_or_default();
        match self {
            Self::Dataset { place: DatasetPlace { revision, pinned: true, .. }, .. } => {
                write!(f, "{namespace} at {revision}")
            }
            Self::Dataset { place: DatasetPlace { revision, .. }, .. } => {
                let name = Redacted::of(revision.as_bytes());
                write!(f, "{namespace} at a branch or tag ({name}), unpinned")
            }
            Self::NotMine { why, raw: None } => write!(f, "{why}"),
            Self::NotMine { why, raw: Some(raw) } => write!(f, "{why} ({raw})"),
            Self::Undecided { why, raw } => write!(f, "cannot be told ({raw}): {why}"),
        }
    }
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Dataset { revealed: false, .. } => "Dataset",
            Self::Dataset { revealed: true, .. } => "Revealed",
            Self::NotMine { .. } => "NotMine",
            Self::Undecided { .. } => "Undecided",
        };
        write!(f, "{name}({self})")
    }
}

impl Survey {
    /// The miners with a dataset.
    pub fn datasets(&self) -> impl Iterator<Item = (&Found, &DatasetPlace)> {
        self.found.iter().filter_map(|found| Some((found, found.outcome.place()?)))
    }
}

fn told(bytes: &[u8], revealed: bool, answer: Option<Result<Decoded, PluginError>>) -> Outcome {
    let raw = Redacted::of(bytes);
    match answer {
        Some(Ok(Decoded::Dataset(place))) => match place.check_secrets() {
            Ok(()) => Outcome::Dataset { place, revealed },
            Err(why) => Outcome::NotMine { why: NotMine::Malformed(why.into()), raw: Some(raw) },
        },
        Some(Ok(Decoded::NotMine(why))) => Outcome::NotMine { why, raw: Some(raw) },
        Some(Err(error)) => Outcome::Undecided { why: error.to_string(), raw },
        None => Outcome::Undecided { why: "the plugin gave no answer".into(), raw },
    }
}

//! Which snapshot of the archive is meant, and how its miners are shown.

use plimsoll_core::{BlockNumber, NetUid};
use plimsoll_datasets::archive::{Archive, Entry, Manifest, Outcome, Place, Seal, Standing};
use serde_json::{Value, json};

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::flags::DataFlags;
use crate::global::Global;

/// Which snapshot.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The subnet's number [default: the only one in the archive, else chain.netuid]
    #[arg(long, value_name = "N")]
    pub(super) netuid: Option<u16>,
    /// The snapshot's block [default: the newest]
    #[arg(long, value_name = "BLOCK")]
    pub(super) block: Option<u64>,
    #[command(flatten)]
    pub(super) data: DataFlags,
}

/// An open archive and the snapshot that was asked for.
pub(super) struct Chosen {
    pub(super) config: Config,
    pub(super) archive: Archive,
    pub(super) place: Place,
}

impl Which {
    /// Opens the archive to read it.
    ///
    /// # Errors
    /// [`Exit::NotInitialised`] where there is no such snapshot.
    pub(super) fn open(&self, global: &Global) -> Result<Chosen, Failure> {
        self.open_with(global, &[])
    }

    pub(super) fn open_with(
        &self,
        global: &Global,
        more: &[&dyn crate::flags::Overrides],
    ) -> Result<Chosen, Failure> {
        let flags: Vec<&dyn crate::flags::Overrides> =
            std::iter::once(&self.data as &dyn crate::flags::Overrides).chain(more.iter().copied()).collect();
        let config = global.config(&flags)?;
        let archive = Archive::open_to_read(&config.collecting.data_dir)?;
        let place = place(&archive, self.netuid, self.block, &config)?;
        Ok(Chosen { config, archive, place })
    }
}

/// The snapshot of a subnet at a block, the newest where none is named.
pub(super) fn place(
    archive: &Archive,
    netuid: Option<u16>,
    block: Option<u64>,
    config: &Config,
) -> Result<Place, Failure> {
    let snapshots = archive.snapshots()?;
    let mut netuids: Vec<NetUid> = snapshots.iter().map(|snapshot| snapshot.place.netuid).collect();
    netuids.dedup();
    let netuid = match (netuid, netuids.as_slice()) {
        (Some(netuid), _) => NetUid(netuid),
        (None, [only]) => *only,
        (None, _) => config.chain.netuid,
    };
    let of_subnet = || snapshots.iter().filter(|snapshot| snapshot.place.netuid == netuid);
    let found = match block {
        Some(block) => of_subnet().find(|snapshot| snapshot.place.block == BlockNumber(block)),
        None => of_subnet().next_back(),
    };
    found.map(|snapshot| snapshot.place).ok_or_else(|| {
        let at = block.map_or_else(String::new, |block| format!(" at block {block}"));
        let failure =
            Failure::new(Exit::NotInitialised, format!("there is no snapshot of subnet {netuid}{at}"));
        failure.hint("`plimsoll datasets list --snapshots` lists those that there are")
    })
}

impl Chosen {
    pub(super) fn manifest(&self) -> Result<(Manifest, Seal), Failure> {
        Ok(self.archive.manifest(self.place)?)
    }
}

/// What a miner committed to, as the archive tells it.
pub(super) fn source(entry: &Entry) -> String {
    match entry.commitment.as_ref() {
        None => "nothing".into(),
        Some(note) => match &note.source {
            None => format!("no dataset: {}", note.raw),
            Some(source) => format!("{}@{}", source.namespace, short(&source.revision)),
        },
    }
}

/// The outcome's short name.
pub(super) fn outcome(entry: &Entry) -> &str {
    match &entry.outcome {
        Outcome::Skipped => "none",
        Outcome::Kept { .. } => "kept",
        Outcome::Failed { kind, .. } => kind,
    }
}

/// A commit's first digits; a branch as it is.
pub(super) fn short(revision: &str) -> &str {
    let is_commit = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { revision.get(..10).unwrap_or(revision) } else { revision }
}

/// An entry as JSON.
pub(super) fn entry_json(entry: &Entry) -> Value {
    let note = entry.commitment.as_ref();
    let source = note.and_then(|note| note.source.as_ref());
    let mut all = json!({
        "uid": entry.uid,
        "hotkey": entry.hotkey,
        "coldkey": entry.coldkey,
        "committed_block": note.map(|note| note.block),
        "commitment": note.map(|note| json!({ "bytes": note.raw.bytes, "blake3_prefix": prefix(&note.raw) })),
        "namespace": source.map(|source| &source.namespace),
        "revision": source.map(|source| &source.revision),
        "pinned": source.map(plimsoll_datasets::archive::Source::is_pinned),
        "competition": source.map(|source| &source.competition),
        "outcome": outcome(entry),
    });
    let more = match &entry.outcome {
        Outcome::Skipped => json!({}),
        Outcome::Failed { text, .. } => json!({ "why": text }),
        Outcome::Kept { object, bytes, rows, valid, commit } => {
            let commit: String = commit.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "object": object, "bytes": bytes, "rows": rows, "valid": valid, "commit": commit })
        }
    };
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// What the chain said of a miner beside its dataset, as an entry's further fields.
pub(super) fn standing_json(standing: Standing) -> serde_json::Map<String, Value> {
    let fields = [("incentive", json!(standing.incentive)), ("stake_rao", json!(standing.stake_rao))];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn prefix(raw: &plimsoll_datasets::archive::RawNote) -> String {
    raw.prefix.iter().map(|byte| format!("{byte:02x}")).collect()
}

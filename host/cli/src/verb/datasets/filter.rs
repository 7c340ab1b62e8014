//! Which datasets: `--filter`.

use plimsoll_datasets::archive::{Entry, Manifest, Outcome};
use plimsoll_datasets::contest::Field;
use plimsoll_datasets::export::{Facts, Filter};

use super::field::field_of;
use super::kept::Chosen;
use crate::exit::{Exit, Failure};

/// The conditions.
#[derive(Debug, clap::Args)]
pub(super) struct FilterFlags {
    /// Only datasets that meet these conditions, such as "uid=1,5..9 account=flock rows=200.."
    ///
    /// Conditions stand behind one another with blanks between, and all must hold. Names: uid, hotkey, coldkey, account
    /// (before the / of the repository), competition; rows, valid (rows with nothing wrong with them), block (of the
    /// commitment), overlap (the most rows that it shares with another, of those that count), incentive (out of 65535),
    /// stake (in rao). A list's items are alternatives; a..b, a.. and ..b are ranges of numbers. What was not recorded
    /// meets no condition.
    #[arg(long, value_name = "CONDITIONS")]
    filter: Option<String>,
}

impl FilterFlags {
    /// # Errors
    /// [`Exit::Usage`] that names the condition.
    pub(super) fn read(&self) -> Result<Option<Filter>, Failure> {
        let parsed = self.filter.as_deref().map(str::parse::<Filter>).transpose();
        parsed.map_err(|error| Failure::of(Exit::Usage, &error))
    }
}

/// The entries with a kept dataset that meets the conditions. Datasets are compared only where a condition asks for it.
pub(super) fn filtered<'m>(
    chosen: &Chosen,
    manifest: &'m Manifest,
    filter: &Filter,
) -> Result<Vec<&'m Entry>, Failure> {
    let field = if filter.asks_overlap() { Some(field_of(chosen, manifest, None)?) } else { None };
    let meets = |entry: &&Entry| is_met(filter, manifest, entry, field.as_ref());
    Ok(manifest.entries.iter().filter(meets).collect())
}

fn is_met(filter: &Filter, manifest: &Manifest, entry: &Entry, field: Option<&Field>) -> bool {
    let Outcome::Kept { rows, valid, .. } = &entry.outcome else { return false };
    let Some(note) = &entry.commitment else { return false };
    let Some(source) = &note.source else { return false };
    let (hotkey, coldkey) = (entry.hotkey.to_string(), entry.coldkey.map(|coldkey| coldkey.to_string()));
    let standing = manifest.standing(entry.uid);
    let overlap = field.and_then(|field| Some(field.most_shared(field.place(entry.uid)?)));
    filter.takes(&Facts {
        uid: entry.uid.0,
        hotkey: &hotkey,
        coldkey: coldkey.as_deref(),
        account: source.namespace.split('/').next().unwrap_or_default(),
        competition: &source.competition,
        n_rows: u64::from(*rows),
        n_valid: u64::from(*valid),
        block: note.block.0,
        overlap: u64::from(overlap.unwrap_or(0)),
        incentive: standing.incentive.map(u64::from),
        stake: standing.stake_rao,
    })
}

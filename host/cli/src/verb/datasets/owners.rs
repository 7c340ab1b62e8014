//! `plimsoll datasets owners`.

use std::collections::BTreeMap;

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Entry, Manifest, RowsOfMiner};
use plimsoll_datasets::owners::{Holding, Owned, holdings};
use serde_json::{Value, json};

use super::kept::Which;
use super::used::incentive;
use crate::exit::Failure;
use crate::global::Global;
use crate::screen::{self, Side};

/// Show whose the datasets are: how many rows each owner has, and which of them others have, too
///
/// Every row of a file counts, also those behind the first that its competition uses.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Who an owner is
    #[arg(long, value_enum, value_name = "WHO", default_value_t = By::Coldkey)]
    by: By,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// Whoever holds the coldkey of the miners
    Coldkey,
    /// The account on the hub, the first part of a repository's name
    Account,
}

/// One owner and what it has.
struct Owner<'m> {
    name: String,
    entries: Vec<&'m Entry>,
    holding: Holding,
    /// Its miners' shares of the incentive together, where any is recorded.
    incentive: Option<u64>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let chosen = args.which.open(global)?;
    let (manifest, _) = chosen.manifest()?;
    let owners = owners(&manifest, &chosen.archive.rows(chosen.place)?, args.by);
    let outcome = json!({
        "netuid": chosen.place.netuid,
        "block": chosen.place.block,
        "by": args.by.name(),
        "owners": owners.iter().map(|owner| owner.json(args.by)).collect::<Vec<Value>>(),
    });
    global.emit(&outcome, || {
        let n_datasets: u64 = owners.iter().map(|owner| owner.holding.n_datasets).sum();
        let (place, n_owners) = (chosen.place, owners.len());
        let head = format!(
            "subnet {} at block {}: {n_datasets} datasets; owners by {}: {n_owners}",
            place.netuid,
            place.block,
            args.by.name()
        );
        format!("{head}\n{}", table(&owners, args.by))
    })
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::Coldkey => "coldkey",
            Self::Account => "account",
        }
    }

    /// Whose a miner is; `None` where an account is asked for and it has named no repository.
    fn owner(self, entry: &Entry) -> Option<String> {
        match self {
            Self::Coldkey => {
                Some(entry.coldkey.map_or_else(|| "unknown".to_owned(), |coldkey| coldkey.to_string()))
            }
            Self::Account => {
                let source = entry.commitment.as_ref()?.source.as_ref()?;
                // What the hub has not shown has no name to go by.
                let is_told = entry.object().is_some() || !source.namespace.starts_with("untold/");
                source.namespace.split('/').next().filter(|_| is_told).map(str::to_owned)
            }
        }
    }
}

/// All owners, those with the most datasets first.
fn owners<'m>(manifest: &'m Manifest, rows: &[RowsOfMiner], by: By) -> Vec<Owner<'m>> {
    let mut named: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in &manifest.entries {
        if let Some(owner) = by.owner(entry) {
            named.entry(owner).or_default().push(entry);
        }
    }
    let of_uid: BTreeMap<Uid, usize> =
        named.values().enumerate().flat_map(|(owner, of)| of.iter().map(move |e| (e.uid, owner))).collect();
    let owned = |miner: &'_ RowsOfMiner| of_uid.get(&miner.uid).copied();
    let datasets: Vec<Owned<'_>> =
        rows.iter().filter_map(|miner| Some(Owned { owner: owned(miner)?, rows: &miner.rows })).collect();
    let holdings = holdings(named.len(), &datasets);
    let owner = |((name, entries), holding): ((String, Vec<&'m Entry>), Holding)| {
        let shares = entries.iter().filter_map(|entry| incentive(manifest, entry.uid));
        let incentive = shares.map(u64::from).reduce(|left, right| left + right);
        Owner { name, entries, holding, incentive }
    };
    let mut owners: Vec<Owner<'_>> = named.into_iter().zip(holdings).map(owner).collect();
    owners.sort_by_key(|owner| std::cmp::Reverse(owner.holding.n_datasets));
    owners
}

impl Owner<'_> {
    fn json(&self, by: By) -> Value {
        let holding = &self.holding;
        json!({
            by.name(): self.name,
            "uids": self.entries.iter().map(|entry| entry.uid).collect::<Vec<_>>(),
            "datasets": holding.n_datasets,
            "rows": holding.n_rows,
            "distinct_rows": holding.n_distinct,
            "shared_within": holding.n_shared_within,
            "shared_beyond": holding.n_shared_beyond,
            "incentive": self.incentive,
        })
    }
}

fn table(owners: &[Owner<'_>], by: By) -> String {
    let columns = [
        (by.name(), Side::Left),
        ("miners", Side::Right),
        ("datasets", Side::Right),
        ("rows", Side::Right),
        ("different", Side::Right),
        ("in several of its own", Side::Right),
        ("in others' too", Side::Right),
        ("incentive", Side::Right),
    ];
    let row = |owner: &Owner<'_>| {
        let holding = &owner.holding;
        let figures = [
            owner.entries.len() as u64,
            holding.n_datasets,
            holding.n_rows,
            holding.n_distinct,
            holding.n_shared_within,
            holding.n_shared_beyond,
        ];
        let mut cells = vec![owner.name.clone()];
        cells.extend(figures.map(|figure| figure.to_string()));
        cells.push(owner.incentive.map_or_else(String::new, |incentive| incentive.to_string()));
        cells
    };
    screen::table(&columns, owners.iter().map(row))
}

//! Whether what commitments name is on the hub: a sample, because each costs a request.

use std::collections::BTreeSet;

use async_trait::async_trait;
use plimsoll_core::DatasetPlace;

use super::Candidate;
use super::rank::Confirmed;
use crate::archive::shown_namespace;

/// Datasets of a subnet that the hub is asked for.
pub const SAMPLE: usize = 8;

/// Whether a hub has a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    There,
    /// It has, for those who may see it.
    Closed,
    /// It has not.
    Missing,
    /// Nobody could tell: why.
    Unknown(String),
}

/// A hub that can be asked for one thing: a HEAD request each.
#[async_trait]
pub trait Hub: Send + Sync {
    /// Whether the file of `place` is there at its revision.
    async fn presence(&self, place: &DatasetPlace) -> Presence;
}

/// Asks for a sample of the candidate's datasets.
pub(super) async fn confirm(candidate: &mut Candidate, hub: &dyn Hub) {
    let sample = sample(&candidate.places);
    let mut confirmed = Confirmed { asked: sample.len(), there: 0, unknown: 0 };
    for place in sample {
        match hub.presence(place).await {
            Presence::There | Presence::Closed => confirmed.there += 1,
            Presence::Missing => {}
            Presence::Unknown(why) => {
                let namespace = shown_namespace(&place.namespace);
                tracing::debug!(namespace, why, "the hub could not be asked for a dataset");
                confirmed.unknown += 1;
            }
        }
    }
    candidate.confirmed = Some(confirmed);
}

/// At most [`SAMPLE`], of as many accounts as there are, in an order that nobody chose: by the digest of the name.
fn sample(places: &[DatasetPlace]) -> Vec<&DatasetPlace> {
    let mut shuffled: Vec<&DatasetPlace> = places.iter().collect();
    shuffled.sort_by_key(|place| *blake3::hash(place.namespace.as_bytes()).as_bytes());
    shuffled.dedup_by(|one, other| one.namespace == other.namespace);
    let account = |place: &&DatasetPlace| place.namespace.split('/').next().unwrap_or_default().to_owned();
    let mut seen = BTreeSet::new();
    let (first, further): (Vec<_>, Vec<_>) =
        shuffled.into_iter().partition(|place| seen.insert(account(place)));
    first.into_iter().chain(further).take(SAMPLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(namespace: String) -> DatasetPlace {
        let [revision, competition, path] = ["main", "1", "data.jsonl"].map(str::to_owned);
        DatasetPlace { namespace, revision, pinned: false, competition, path }
    }

    #[test]
    fn a_sample_is_of_as_many_accounts_as_there_are() {
        let places: Vec<_> =
            (0..100).map(|at| place(format!("account{}/set{at}", (at % 20).min(5)))).collect();
        let sampled = sample(&places);
        let accounts: BTreeSet<_> = sampled.iter().map(|place| place.namespace.split('/').next()).collect();
        assert_eq!((sampled.len(), accounts.len()), (SAMPLE, 6));
        let reversed: Vec<_> = places.iter().rev().cloned().collect();
        assert_eq!(sample(&reversed), sampled, "the order of commitments matters");
    }

    #[test]
    fn the_same_repository_is_asked_for_once() {
        let places = vec![place("a/b".into()); 30];
        assert_eq!(sample(&places).len(), 1);
        assert_eq!(sample(&[]).len(), 0);
    }
}

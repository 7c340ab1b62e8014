//! What several pages say alike.

use maud::{Markup, html};
use plimsoll_core::{NetUid, Uid};

use crate::archive::{Entry, Outcome, Place};
use crate::serve::asked::Asked;
use crate::serve::text::{Said, count, short, thousands};

pub(super) fn at(place: Place) -> String {
    format!("/{}/{}", place.netuid, place.block)
}

pub(super) fn of_miner(place: Place, uid: Uid) -> String {
    format!("{}/miner/{uid}", at(place))
}

/// The way to a subnet.
pub(super) fn to_subnet(netuid: NetUid) -> Vec<(String, String)> {
    vec![(format!("Subnet {netuid}"), format!("/{netuid}"))]
}

/// The way to a snapshot.
pub(super) fn to_snapshot(place: Place) -> Vec<(String, String)> {
    let mut way = to_subnet(place.netuid);
    way.push((format!("Block {}", thousands(place.block.0)), at(place)));
    way
}

/// The way to a miner.
pub(super) fn to_miner(place: Place, uid: Uid) -> Vec<(String, String)> {
    let mut way = to_snapshot(place);
    way.push((format!("Miner {uid}"), of_miner(place, uid)));
    way
}

/// What there is of a snapshot.
pub(super) fn beside(place: Place, here: &str) -> Vec<(&'static str, String, bool)> {
    let all = [
        ("Miners", ""),
        ("Overlap", "/overlap"),
        ("Groups", "/groups"),
        ("Changes", "/changes"),
        ("Proof", "/proof"),
    ];
    all.map(|(name, end)| (name, format!("{}{end}", at(place)), name == here)).to_vec()
}

/// What became of a dataset, in a word or two.
pub(super) fn outcome(entry: &Entry) -> Markup {
    match &entry.outcome {
        Outcome::Kept { valid, rows, .. } if valid < rows => {
            html! { "kept, " (thousands(u64::from(rows - valid))) " invalid" }
        }
        Outcome::Kept { .. } => html! { "kept" },
        Outcome::Failed { kind, .. } => html! { span.warn { (Said(kind)) } },
        Outcome::Skipped if entry.commitment.is_none() => html! { span.soft { "none committed" } },
        Outcome::Skipped => html! { span.soft { "skipped" } },
    }
}

/// The repository that a miner committed, and its account.
pub(super) fn repository(entry: &Entry) -> Option<(&str, &str)> {
    let source = entry.commitment.as_ref()?.source.as_ref()?;
    source.namespace.split_once('/')
}

pub(super) fn hotkey(entry: &Entry) -> Markup {
    short(&entry.hotkey.to_string())
}

/// Links to the pages of a list.
pub(super) fn paging(asked: &Asked, page: usize, n_items: usize, per_page: usize, of: &str) -> Markup {
    let n_pages = n_items.div_ceil(per_page).max(1);
    let link = |to: usize| asked.with(&[("page", &to.to_string())]);
    let first = (page - 1).saturating_mul(per_page);
    html! {
        nav.paging aria-label="Pages" {
            @if page > 1 { a rel="prev" href=(link((page - 1).min(n_pages))) { "← Previous" } }
            span.soft {
                @if n_items == 0 { "no " (of) "s" }
                @else if first >= n_items { "nothing on this page; " (count(n_items, of)) " in all" }
                @else { (thousands(first as u64 + 1)) "–" (thousands((first + per_page).min(n_items) as u64))
                    " of " (count(n_items, of)) }
            }
            @if page < n_pages { a rel="next" href=(link(page + 1)) { "Next →" } }
        }
    }
}

/// The items of a page.
pub(super) fn of_page<T>(items: &[T], page: usize, per_page: usize) -> &[T] {
    let from = (page - 1).saturating_mul(per_page).min(items.len());
    &items[from..(from + per_page).min(items.len())]
}

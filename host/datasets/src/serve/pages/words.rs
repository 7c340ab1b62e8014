//! What several pages say alike.

use maud::{Markup, html};
use plimsoll_core::{NetUid, Uid, looks_like_a_key};

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

/// A share in hundredths; what there is some of is never none.
pub(super) fn percent(hundredths: u32) -> String {
    if hundredths == 0 { "below 1 %".to_owned() } else { format!("{hundredths} %") }
}

/// What a failed entry says, without what looks like a key: a hub's words may repeat what a miner committed.
pub(super) fn without_keys(text: &str) -> String {
    let is_within = |c: char| c.is_ascii_alphanumeric() || "_-+/".contains(c);
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !is_within(c)) {
        let bare = word.strip_suffix(|c: char| !is_within(c)).unwrap_or(word);
        if looks_like_a_key(bare) {
            out.push_str("(what looks like a key)");
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

/// Links to the pages of a list.
pub(super) fn paging(asked: &Asked, page: usize, n_items: usize, per_page: usize, of: &str) -> Markup {
    paging_called("Pages", asked, page, n_items, (per_page, of))
}

/// The same where there is more than one on a page.
pub(super) fn paging_called(
    name: &str,
    asked: &Asked,
    page: usize,
    n_items: usize,
    (per_page, of): (usize, &str),
) -> Markup {
    let n_pages = n_items.div_ceil(per_page).max(1);
    let link = |to: usize| asked.with(&[("page", &to.to_string())]);
    let first = (page - 1).saturating_mul(per_page);
    html! {
        nav.paging aria-label=(name) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_not_repeated_and_all_else_is() {
        let plain = "https://hub.example/a/b/resolve/00ff/data.jsonl: 404, „nicht da“\n";
        assert_eq!(without_keys(plain), plain);
        let commit = format!("commit {} is gone", "0f".repeat(20));
        assert_eq!(without_keys(&commit), commit);
        let told = without_keys("branch \"hf_QwErTyUiOpAsDfGh\" of AKIAIOSFODNN7EXAMPLE:bucket");
        assert_eq!(told, "branch \"(what looks like a key)\" of (what looks like a key):bucket");
    }

    #[test]
    fn some_rows_are_never_a_share_of_none() {
        assert_eq!(
            (percent(0), percent(1), percent(100)),
            ("below 1 %".into(), "1 %".into(), "100 %".into())
        );
    }
}

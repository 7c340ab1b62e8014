//! What changed since another snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::{BlockNumber, Uid};

use super::words::{at, beside, of_miner, outcome, to_snapshot};
use crate::archive::{Entry, Place};
use crate::serve::asked::Asked;
use crate::serve::refusal::Refusal;
use crate::serve::shelf::Day;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{count, thousands};

pub(in crate::serve) fn changes(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let place = asked.place()?;
    let day = site.day(place)?;
    let shelf = site.shelf();
    let named = asked.number("since", "a block number")?.map(BlockNumber);
    let before = match named {
        Some(block) => Some(site.day(Place { block, ..place })?),
        None => shelf.beside(place).0.cloned(),
    };
    // Of two days the older is the one before, whichever was named.
    let (before, day) = match before {
        Some(later) if later.place.block > place.block => (Some(day), later),
        before => (before, day),
    };
    let asked_for = named.unwrap_or(before.as_ref().map_or(place, |day| day.place).block);
    let content = html! {
        form.filter method="get" action=(format!("{}/changes", at(place))) {
            p { label for="since" { "Since block" }
                input #since name="since" inputmode="numeric" size="10" value=(asked_for); }
            p { button type="submit" { "Show" } }
        }
        @match &before {
            None => { p { "There is no snapshot before this one." } }
            Some(before) => (table(before, &day)),
        }
    };
    let title = format!("Changes up to block {}", thousands(day.place.block.0));
    Ok(Page::new(title, content).way(to_snapshot(place)).beside(beside(place, "Changes")))
}

fn table(before: &Day, after: &Day) -> Markup {
    let uids: BTreeSet<Uid> = before.entries.iter().chain(&after.entries).map(|entry| entry.uid).collect();
    let both = uids.iter().map(|uid| (*uid, before.entry(*uid), after.entry(*uid)));
    let changed: Vec<_> = both.filter(|(_, old, new)| old != new).collect();
    html! {
        p.soft {
            (count(changed.len(), "miner")) " of " (uids.len()) " changed since block "
            a href=(at(before.place)) { (thousands(before.place.block.0)) } "."
        }
        @if !changed.is_empty() { div.wide tabindex="0" role="region" aria-label="Changes" { table {
            caption { "Miners that are not as they were" }
            thead { tr {
                th scope="col" { "Uid" } th scope="col" { "What changed" } th scope="col" { "Before" }
                th scope="col" { "After" } th scope="col" { "Rows" }
            } }
            tbody { @for (uid, old, new) in &changed {
                tr {
                    th scope="row" { @if new.is_some() { a href=(of_miner(after.place, *uid)) { (uid) } } @else { (uid) } }
                    td { (what(*old, *new)) }
                    td { @if let Some(entry) = old { (outcome(entry)) } }
                    td { @if let Some(entry) = new { (outcome(entry)) } }
                    td { @if has_other_file(*old, *new) {
                        a href=(format!("{}/diff?block={}", of_miner(after.place, *uid), before.place.block)) { "Diff of miner " (uid) }
                    } }
                }
            } }
        } } }
    }
}

fn what(old: Option<&Arc<Entry>>, new: Option<&Arc<Entry>>) -> &'static str {
    match (old, new) {
        (None, _) => "came",
        (_, None) => "went",
        (Some(old), Some(new)) if old.hotkey != new.hotkey => "another miner",
        (Some(old), Some(new)) if old.object() != new.object() => "another dataset",
        (Some(old), Some(new)) if old.commitment != new.commitment => "another commitment",
        (Some(old), Some(new)) if old.coldkey != new.coldkey => "another owner",
        _ => "another outcome",
    }
}

fn has_other_file(old: Option<&Arc<Entry>>, new: Option<&Arc<Entry>>) -> bool {
    let object = |entry: Option<&Arc<Entry>>| entry.and_then(|entry| entry.object());
    matches!((object(old), object(new)), (Some(old), Some(new)) if old != new)
}

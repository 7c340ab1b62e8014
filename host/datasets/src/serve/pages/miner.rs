//! One miner of a snapshot: facts, history, who shares its rows.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::{ByteSize, Uid};

use super::words::{at, beside, hotkey, of_miner, outcome, percent, repository, to_miner, without_keys};
use crate::archive::{CommitmentNote, Entry, Outcome, Place};
use crate::serve::asked::Asked;
use crate::serve::compared::Compared;
use crate::serve::refusal::Refusal;
use crate::serve::shelf::Visit;
use crate::serve::shell::{Page, why};
use crate::serve::site::Site;
use crate::serve::text::{Said, count, short, thousands};

/// How many others are named.
const MOST_OTHERS: usize = 25;
/// How much of the history is shown, the newest.
const MOST_VISITS: usize = 400;

pub(in crate::serve) fn miner(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let (place, uid) = (asked.place()?, asked.uid()?);
    let (day, entry) = site.miner(place, uid)?;
    let here = of_miner(place, uid);
    let down = entry.object().and_then(|object| site.must_be_up(&object).err());
    let has_dataset = entry.object().is_some() && down.is_none();
    let content = html! {
        ul.beside {
            @if has_dataset { li { a href=(format!("{here}/rows")) { "Its rows" } } }
            li { a href=(format!("{here}/proof")) { "Its entry’s path to the root" } }
        }
        @if let Some(refusal) = &down { p.warn { bdi { (Said(&refusal.to_string())) } } }
        (facts(&entry))
        @if has_dataset { (form(place, uid)) }
        (history(place, uid, &site.shelf().history(place.netuid, uid)))
    };
    let page = Page::new(format!("Miner {uid} at block {}", thousands(place.block.0)), content);
    let page = page.way(to_miner(place, uid)).beside(beside(place, ""));
    if !has_dataset {
        return Ok(page);
    }
    Ok(page.then(move |site| {
        // Another miner's damaged dataset is no reason to hide this one.
        Ok(match site.compared(&day) {
            Ok(compared) => others(place, uid, &compared),
            Err(refusal) => html! {
                h2 { "Overlap with others" }
                p.warn { "It cannot be told. " (why(&refusal)) }
            },
        })
    }))
}

fn facts(entry: &Entry) -> Markup {
    html! {
        h2 { "Facts" }
        dl {
            dt { "Hotkey" } dd { code { (entry.hotkey) } }
            @if let Some(coldkey) = &entry.coldkey { dt { "Coldkey" } dd { code { (coldkey) } } }
            @match &entry.commitment {
                None => { dt { "Commitment" } dd { "none" } }
                Some(note) => (commitment(note)),
            }
            dt { "Outcome" } dd { (outcome(entry)) }
            @match &entry.outcome {
                Outcome::Kept { object, bytes, rows, valid, commit } => {
                    dt { "File" } dd { (ByteSize(*bytes)) ", BLAKE3 " code { (object) } }
                    dt { "Rows" } dd { (thousands(u64::from(*rows))) ", of which " (thousands(u64::from(*valid))) " valid" }
                    dt { "Commit that was served" } dd { code { (hex::encode(commit)) } }
                }
                Outcome::Failed { text, .. } => { dt { "Why" } dd { bdi { (Said(&without_keys(text))) } } }
                Outcome::Skipped => {}
            }
        }
    }
}

fn commitment(note: &CommitmentNote) -> Markup {
    html! {
        dt { "Committed at block" } dd { (thousands(note.block.0)) }
        dt { "Commitment, redacted" } dd { (note.raw) }
        @match &note.source {
            None => { dt { "Source" } dd { "not of this subnet’s form: nothing else of it is kept" } }
            Some(source) => {
                dt { "Repository" } dd { code { (source.namespace) } }
                dt { "Revision" } dd {
                    code { (Said(&source.revision)) } @if source.is_pinned() { ", pinned" } @else { ", not pinned" }
                }
                @if !source.competition.is_empty() { dt { "Competition" } dd { (Said(&source.competition)) } }
            }
        }
    }
}

/// Asks for a diff with another block or miner.
fn form(place: Place, uid: Uid) -> Markup {
    html! {
        h2 { "Compare" }
        form.filter method="get" action=(format!("{}/diff", of_miner(place, uid))) {
            p { label for="block" { "with block" } input #block name="block" inputmode="numeric" size="10" value=(place.block); }
            p { label for="other" { "with miner" } input #other name="uid" inputmode="numeric" size="6" value=(uid); }
            p { button type="submit" { "Show the difference" } }
        }
    }
}

fn history(place: Place, uid: Uid, visits: &[Visit]) -> Markup {
    html! {
        h2 { "History" }
        p.soft {
            "What this uid was through the snapshots, where it changed, the newest first."
            @if visits.len() > MOST_VISITS { " Of " (count(visits.len(), "change")) " the newest " (MOST_VISITS) " are shown." }
        }
        div.wide tabindex="0" role="region" aria-label="History" {
            table {
                caption { "History of uid " (uid) }
                thead { tr {
                    th scope="col" { "From block" } th scope="col" { "Hotkey" } th scope="col" { "Repository" }
                    th scope="col" { "Revision" } th.number scope="col" { "Rows" } th scope="col" { "Outcome" }
                    th scope="col" { "Against the one before" }
                } }
                tbody {
                    @for at in (0..visits.len()).rev().take(MOST_VISITS) {
                        (visit(place, uid, at.checked_sub(1).map(|at| &visits[at]), &visits[at]))
                    }
                }
            }
        }
    }
}

fn visit(here: Place, uid: Uid, before: Option<&Visit>, visit: &Visit) -> Markup {
    let place = Place { block: visit.block, ..here };
    let Some(entry) = &visit.entry else {
        return html! { tr {
            th scope="row" { a href=(at(place)) { (thousands(visit.block.0)) } }
            td colspan="6" { span.soft { "no longer there" } }
        } };
    };
    let old = before.and_then(|visit| visit.entry.as_ref());
    let is_other = old.is_some_and(|old| old.hotkey != entry.hotkey);
    let has_both = old.is_some_and(|old| old.object().is_some()) && entry.object().is_some();
    let is_other_file = old.is_some_and(|old| old.object() != entry.object());
    let rows = match entry.outcome {
        Outcome::Kept { rows, .. } => thousands(u64::from(rows)),
        _ => String::new(),
    };
    let revision = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
    html! { tr {
        th scope="row" { a href=(of_miner(place, uid)) { (thousands(visit.block.0)) } }
        td { (hotkey(entry)) @if is_other { " " strong { "another miner" } } }
        td { @if let Some((owner, name)) = repository(entry) { (owner) "/" (name) } }
        td { @if let Some(source) = revision { (short(&source.revision)) } }
        td.number { (rows) }
        td { (outcome(entry)) }
        td {
            @match before {
                Some(before) if has_both && is_other_file => {
                    a href=(format!("{}/diff?block={}", of_miner(place, uid), before.block)) {
                        "Diff with " (thousands(before.block.0))
                    }
                }
                Some(_) if has_both => span.soft { "the same file" },
                _ => {}
            }
        }
    } }
}

fn others(place: Place, uid: Uid, compared: &Compared) -> Markup {
    let Some(own) = compared.place(uid) else {
        return html! { h2 { "Overlap with others" } p { "Its rows are not among those that were compared." } };
    };
    let others = (0..compared.uids.len()).filter(|other| *other != own);
    let counted = others.map(|other| (other, compared.overlaps().shared(own, other)));
    let mut shared: Vec<(usize, u32)> = counted.filter(|(_, n_shared)| *n_shared > 0).collect();
    shared.sort_by_key(|(other, n_shared)| (std::cmp::Reverse(*n_shared), *other));
    let overlaps = &compared.overlaps();
    html! {
        h2 { "Overlap with others" }
        p.soft {
            (count(overlaps.n_different_rows(own), "different row")) ". "
            (count(shared.len(), "other miner")) " share at least one of them"
            @if shared.len() > MOST_OTHERS { "; the " (MOST_OTHERS) " closest are named" } "."
        }
        @if !shared.is_empty() { div.wide tabindex="0" role="region" aria-label="Overlap with others" { table {
            caption { "Miners that share rows with uid " (uid) }
            thead { tr {
                th scope="col" { "Miner" } th.number scope="col" { "Rows shared" }
                th.number scope="col" { "Of the smaller" } th scope="col" { "Committed first" } th scope="col" { "Rows" }
            } }
            tbody { @for (other, n_shared) in shared.iter().take(MOST_OTHERS) {
                @let first = if overlaps.block(*other) < overlaps.block(own) { compared.uids[*other] } else { uid };
                tr {
                    th scope="row" { a href=(of_miner(place, compared.uids[*other])) { (compared.uids[*other]) } }
                    td.number { (n_shared) }
                    td.number { (percent(compared.percent(own, *other))) }
                    td { @if overlaps.block(*other) == overlaps.block(own) { "in the same block" } @else { "uid " (first) } }
                    td { a href=(format!("{}/diff?uid={}", of_miner(place, uid), compared.uids[*other])) {
                        "Diff with miner " (compared.uids[*other])
                    } }
                }
            } }
        } } }
    }
}

//! The miners of a snapshot.

use std::cmp::Ordering;
use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::Uid;

use super::words::{at, beside, hotkey, of_miner, of_page, outcome, paging, repository, to_snapshot};
use crate::archive::{Entry, Outcome, Place};
use crate::serve::asked::Asked;
use crate::serve::refusal::Refusal;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{count, thousands};

const PER_PAGE: usize = 64;
/// What can be sorted by, and how the column is called.
const COLUMNS: [(&str, &str); 7] = [
    ("uid", "Uid"),
    ("hotkey", "Hotkey"),
    ("account", "Repository"),
    ("committed", "Committed at"),
    ("rows", "Rows"),
    ("bytes", "Bytes"),
    ("outcome", "Outcome"),
];
const STATES: [&str; 4] = ["all", "kept", "failed", "skipped"];

pub(in crate::serve) fn miners(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let place = asked.place()?;
    let day = site.day(place)?;
    let page = asked.page()?;
    let sort = asked.choice("sort", &COLUMNS.map(|(name, _)| name))?;
    let is_down = asked.choice("order", &["up", "down"])? == "down";
    let mut chosen = filtered(&day.entries, asked)?;
    chosen.sort_by(|a, b| {
        let order = compare(a, b, sort);
        (if is_down { order.reverse() } else { order }).then(a.uid.cmp(&b.uid))
    });
    let shelf = site.shelf();
    let (before, after) = shelf.beside(place);
    let content = html! {
        p.soft {
            (count(day.entries.len(), "miner")) ": " (day.n_kept) " datasets kept, " (day.n_failed) " failed, "
            (day.n_skipped) " without anything to fetch."
            @if let Some(day) = before { " " a href=(at(day.place)) { "Snapshot before" } "." }
            @if let Some(day) = after { " " a href=(at(day.place)) { "Snapshot after" } "." }
        }
        (form(asked, place)?)
        div.wide tabindex="0" role="region" aria-label="Miners" {
            table {
                caption { "Miners at block " (thousands(place.block.0)) }
                thead { tr { @for (name, title) in COLUMNS { (heading(asked, name, title, sort, is_down)) } } }
                tbody { @for entry in of_page(&chosen, page, PER_PAGE) { (line(place, entry)) } }
            }
        }
        (paging(asked, page, chosen.len(), PER_PAGE, "miner"))
    };
    let title = format!("Subnet {} at block {}", place.netuid, thousands(place.block.0));
    Ok(Page::new(title, content).way(to_snapshot(place)).beside(beside(place, "Miners")))
}

fn filtered<'a>(entries: &'a [Arc<Entry>], asked: &Asked) -> Result<Vec<&'a Entry>, Refusal> {
    let uid = asked.number("uid", "a number up to 65535")?.map(Uid);
    let hotkey = asked.field("hotkey");
    let account = asked.field("account").map(str::to_lowercase);
    let state = asked.choice("state", &STATES)?;
    let is_wanted = |entry: &&Entry| {
        let is_state = match &entry.outcome {
            Outcome::Kept { .. } => "kept",
            Outcome::Failed { .. } => "failed",
            Outcome::Skipped => "skipped",
        };
        uid.is_none_or(|uid| entry.uid == uid)
            && (state == "all" || state == is_state)
            && hotkey.is_none_or(|hotkey| entry.hotkey.to_string().starts_with(hotkey))
            && account.as_ref().is_none_or(|account| {
                repository(entry).is_some_and(|(owner, _)| owner.to_lowercase().contains(account))
            })
    };
    Ok(entries.iter().map(Arc::as_ref).filter(is_wanted).collect())
}

fn compare(a: &Entry, b: &Entry, by: &str) -> Ordering {
    let size = |entry: &Entry| match entry.outcome {
        Outcome::Kept { bytes, rows, .. } => Some((bytes, rows)),
        _ => None,
    };
    let committed = |entry: &Entry| entry.commitment.as_ref().map(|note| note.block);
    let state = |entry: &Entry| match &entry.outcome {
        Outcome::Kept { valid, rows, .. } => (0, String::new(), rows - valid),
        Outcome::Failed { kind, .. } => (1, kind.clone(), 0),
        Outcome::Skipped => (2, String::new(), 0),
    };
    match by {
        "hotkey" => a.hotkey.to_string().cmp(&b.hotkey.to_string()),
        "account" => repository(a).cmp(&repository(b)),
        "committed" => committed(a).cmp(&committed(b)),
        "rows" => size(a).map(|(_, rows)| rows).cmp(&size(b).map(|(_, rows)| rows)),
        "bytes" => size(a).cmp(&size(b)),
        "outcome" => state(a).cmp(&state(b)),
        _ => a.uid.cmp(&b.uid),
    }
}

fn form(asked: &Asked, place: Place) -> Result<Markup, Refusal> {
    let state = asked.choice("state", &STATES)?;
    let value = |name| asked.field(name).unwrap_or_default();
    Ok(html! {
        form.filter method="get" action=(at(place)) {
            @for name in ["sort", "order"] {
                @if let Some(kept) = asked.field(name) { input type="hidden" name=(name) value=(kept); }
            }
            p { label for="uid" { "Uid" } input #uid name="uid" inputmode="numeric" size="6" value=(value("uid")); }
            p { label for="hotkey" { "Hotkey begins with" }
                input #hotkey name="hotkey" size="16" value=(value("hotkey")); }
            p { label for="account" { "Account contains" }
                input #account name="account" size="16" value=(value("account")); }
            p { label for="state" { "Dataset" }
                select #state name="state" {
                    @for name in STATES { option value=(name) selected[name == state] { (name) } }
                } }
            p { button type="submit" { "Filter" } " " a href=(at(place)) { "All" } }
        }
    })
}

fn heading(asked: &Asked, name: &str, title: &str, sort: &str, is_down: bool) -> Markup {
    let is_sorted = name == sort;
    let next = if is_sorted && !is_down { "down" } else { "up" };
    let sorted = is_sorted.then_some(if is_down { "descending" } else { "ascending" });
    let is_number = matches!(name, "committed" | "rows" | "bytes");
    let address = asked.with(&[("sort", name), ("order", next), ("page", "")]);
    html! {
        th.number[is_number] scope="col" aria-sort=[sorted] {
            a href=(address) { (title) @if is_sorted { span aria-hidden="true" { @if is_down { " ↓" } @else { " ↑" } } } }
        }
    }
}

fn line(place: Place, entry: &Entry) -> Markup {
    let size = match entry.outcome {
        Outcome::Kept { bytes, rows, .. } => (thousands(u64::from(rows)), thousands(bytes)),
        _ => Default::default(),
    };
    html! { tr {
        th scope="row" { a href=(of_miner(place, entry.uid)) { (entry.uid) } }
        td { (hotkey(entry)) }
        td { @if let Some((owner, name)) = repository(entry) { (owner) "/" (name) } }
        td.number { @if let Some(note) = &entry.commitment { (thousands(note.block.0)) } }
        td.number { (size.0) }
        td.number { (size.1) }
        td { (outcome(entry)) }
    } }
}

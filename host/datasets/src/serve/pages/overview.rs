//! All snapshots.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::ByteSize;

use super::words::{at, of_page, paging, to_subnet};
use crate::serve::asked::Asked;
use crate::serve::refusal::Refusal;
use crate::serve::shelf::{Day, Shelf};
use crate::serve::shell::Page;
use crate::serve::site::{Site, no_subnet};
use crate::serve::text::{Said, count, short, thousands, utc};

const PER_PAGE: usize = 50;

pub(in crate::serve) fn overview(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let shelf = site.shelf();
    let page = asked.page()?;
    let disk_bytes = site.archive.disk_bytes().map(|bytes| ByteSize(bytes).to_string());
    let mut days: Vec<&Arc<Day>> = shelf.days.iter().rev().collect();
    // Blocks of two subnets' chains say nothing of which was collected later.
    days.sort_by_key(|day| std::cmp::Reverse(day.seal.at_ms));
    let content = html! {
        p.soft {
            (count(days.len(), "snapshot")) " of " (count(n_subnets(&shelf), "subnet"))
            @if let Ok(disk_bytes) = &disk_bytes { ", " (disk_bytes) " on the disk" }
            ". A snapshot is what every miner of a subnet had published at a block."
        }
        @if days.is_empty() { p { "Nothing was collected yet: " code { "plimsoll datasets collect" } " does." } }
        @else { (table(asked, &days, page, true)) }
        (damaged(&shelf))
    };
    Ok(Page::new("Snapshots", content))
}

pub(in crate::serve) fn subnet(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let (shelf, netuid, page) = (site.shelf(), asked.netuid()?, asked.page()?);
    let days: Vec<&Arc<Day>> = shelf.of(netuid).iter().rev().collect();
    if days.is_empty() {
        return Err(no_subnet(netuid));
    }
    let content = html! {
        p.soft { (count(days.len(), "snapshot")) ", the newest first." }
        (table(asked, &days, page, false))
    };
    Ok(Page::new(format!("Subnet {netuid}"), content).way(to_subnet(netuid)))
}

fn n_subnets(shelf: &Shelf) -> usize {
    let mut netuids: Vec<_> = shelf.days.iter().map(|day| day.place.netuid).collect();
    netuids.dedup();
    netuids.len()
}

fn table(asked: &Asked, days: &[&Arc<Day>], page: usize, is_of_all: bool) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Snapshots" {
            table {
                caption { "Snapshots, the newest first" }
                thead { tr {
                    th scope="col" { "Block" }
                    @if is_of_all { th scope="col" { "Subnet" } }
                    th scope="col" { "Collected" }
                    th.number scope="col" { "Miners" }
                    th.number scope="col" { "Kept" }
                    th.number scope="col" { "Failed" }
                    th.number scope="col" { "Nothing to fetch" }
                    th scope="col" { "Signed by" }
                } }
                tbody { @for day in of_page(days, page, PER_PAGE) { (line(day, is_of_all)) } }
            }
        }
        (paging(asked, page, days.len(), PER_PAGE, "snapshot"))
    }
}

fn line(day: &Day, is_of_all: bool) -> Markup {
    let netuid = day.place.netuid;
    html! { tr {
        th scope="row" { a href=(at(day.place)) { (thousands(day.place.block.0)) } }
        @if is_of_all { td { a href=(format!("/{netuid}")) { (netuid) } } }
        td { (utc(day.seal.at_ms)) }
        td.number { (day.entries.len()) }
        td.number { (day.n_kept) }
        td.number { (day.n_failed) }
        td.number { (day.n_skipped) }
        td { (signed(day)) }
    } }
}

/// Who signed, and whether that holds.
pub(super) fn signed(day: &Day) -> Markup {
    html! {
        @match &day.seal.signed {
            _ if !day.is_sealed => span.warn { "signature does not hold" },
            Some((signer, _)) => (short(&signer.to_string())),
            None => span.soft { "nobody" },
        }
    }
}

fn damaged(shelf: &Shelf) -> Markup {
    html! {
        @if !shelf.damaged.is_empty() {
            h2 { "Snapshots that cannot be read" }
            ul { @for (place, why) in &shelf.damaged {
                li.warn { "Subnet " (place.netuid) ", block " (thousands(place.block.0)) ": " bdi { (Said(why)) } }
            } }
        }
    }
}

//! What a snapshot is held to: its root, who signed it, and an entry's path to the root.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::{Digest, Uid};

use super::overview::signed;
use super::words::{at, beside, of_miner, to_miner, to_snapshot};
use crate::archive::{Place, verify_entry};
use crate::serve::asked::Asked;
use crate::serve::refusal::Refusal;
use crate::serve::shelf::Day;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{thousands, utc};

pub(in crate::serve) fn proof(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let place = asked.place()?;
    let day = site.day(place)?;
    if let Some(uid) = asked.number("uid", "a number up to 65535")?.map(Uid) {
        site.miner(place, uid)?;
        return Ok(path_page(place, uid, &day));
    }
    let content = html! {
        (state(&day))
        dl {
            dt { "Root over the entries" } dd { code { (day.root) } }
            dt { "Manifest" } dd { code { (day.seal.manifest) } }
            dt { "Entries" } dd { (day.entries.len()) }
            dt { "Chain’s genesis" } dd { code { (day.chain) } }
            dt { "Hash of the block" }
            dd { @if day.block_hash == Digest::default() { "not known" } @else { code { (day.block_hash) } } }
            dt { "Collector" }
            dd { @match &day.collector { Some(collector) => code { (collector) }, None => "none named" } }
            dt { "Signed by" } dd { (signed(&day)) }
            @if let Some((signer, signature)) = &day.seal.signed {
                dt { "Signer" } dd { code { (signer) } }
                dt { "Signature" } dd { code { (signature) } }
            }
            dt { "Collected" } dd { (utc(day.seal.at_ms)) span.soft { ", by the collector’s clock" } }
        }
        h2 { "A miner’s entry" }
        form.filter method="get" action=(format!("{}/proof", at(place))) {
            p { label for="uid" { "Uid" } input #uid name="uid" inputmode="numeric" size="6" required; }
            p { button type="submit" { "Show its path" } }
        }
    };
    let title = format!("Proof of block {}", thousands(place.block.0));
    Ok(Page::new(title, content).way(to_snapshot(place)).beside(beside(place, "Proof")))
}

fn state(day: &Day) -> Markup {
    html! {
        @match (day.is_sealed, &day.seal.signed) {
            (true, Some(_)) => { p.good { "The signature holds: the collector that the manifest names signed it." } }
            (true, None) => { p { "Nobody signed this snapshot, and its manifest names nobody." } }
            (false, Some(_)) => { p.warn { "The signature does not hold for this manifest." } }
            (false, None) => { p.warn { "The manifest names a collector, but there is no signature." } }
        }
        p.soft { "The manifest’s id is the BLAKE3 of its bytes: it is what is signed, and what proof-merkle commits to." }
    }
}

pub(in crate::serve) fn entry_path(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let (place, uid) = (asked.place()?, asked.uid()?);
    let (day, _) = site.miner(place, uid)?;
    Ok(path_page(place, uid, &day))
}

fn path_page(place: Place, uid: Uid, day: &Day) -> Page {
    let content = html! {
        p.soft {
            "Leaf and nodes are BLAKE3 in two contexts of their own. Who holds the root and this page can check the \
             entry without the archive."
        }
    };
    let mut way = to_miner(place, uid);
    way.push(("Path".to_owned(), format!("{}/proof", of_miner(place, uid))));
    let root = day.root;
    let title = format!("Path of miner {uid} at block {}", thousands(place.block.0));
    let shown = Page::new(title, content).way(way).beside(beside(place, "Proof"));
    shown.then(move |site| {
        let (manifest, _) = site.archive.manifest(place)?;
        let none = || Refusal::Absent(format!("There was no uid {uid} at block {}.", place.block));
        let (entry, path) = manifest.opening(uid).ok_or_else(none)?;
        let holds = manifest.root == root && verify_entry(&root, &entry, &path);
        Ok(html! {
            @if holds { p.good { "The path leads from the entry to the root." } }
            @else { p.warn { "The path does not lead to the root that this snapshot had when it was read." } }
            dl {
                dt { "Root" } dd { code { (root) } }
                dt { "Entry’s place" } dd { (path.index) " of " (path.entries) }
                dt { "Entry’s bytes" } dd { code { (hex::encode(&entry)) } }
            }
            h2 { "Siblings, from the leaf up" }
            ol { @for sibling in &path.siblings { li { code { (sibling) } } } }
        })
    })
}

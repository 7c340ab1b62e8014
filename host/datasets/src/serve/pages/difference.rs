//! Two datasets side by side: of two blocks of a miner, or of two miners.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::{BlockNumber, Digest, Uid};
use plimsoll_json::{Parser, lines};

use super::rows::object_of;
use super::words::{beside, of_miner, of_page, paging, to_miner};
use crate::archive::Place;
use crate::diff::{Diff, Line, Piece, diff, words};
use crate::serve::asked::Asked;
use crate::serve::pretty;
use crate::serve::refusal::Refusal;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{PageRoom, ROW_CHARS, Said, count, cut, left_out, thousands};

/// Rows of each kind where all kinds are shown, and where one is.
const FEW: usize = 8;
const PER_PAGE: usize = 25;
/// How much of a row before, and as much after, is compared word by word.
const MOST_CHARS: usize = ROW_CHARS / 2;
const KINDS: [&str; 5] = ["all", "changed", "added", "removed", "moved"];

/// One side.
#[derive(Clone, Copy)]
struct Side {
    place: Place,
    uid: Uid,
    object: Digest,
}

impl Side {
    fn of(site: &Site, place: Place, uid: Uid) -> Result<Self, Refusal> {
        let (_, entry) = site.miner(place, uid)?;
        let object = object_of(place, &entry)?;
        site.must_be_up(&object)?;
        Ok(Self { place, uid, object })
    }

    fn link(&self) -> Markup {
        html! {
            a href=(of_miner(self.place, self.uid)) {
                "miner " (self.uid) " at block " (thousands(self.place.block.0))
            }
        }
    }
}

/// `uid` and `block` say what to compare with; of two blocks of one miner the older is the one before.
pub(in crate::serve) fn difference(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let (place, uid) = (asked.place()?, asked.uid()?);
    let other = asked.number("uid", "a number up to 65535")?.map_or(uid, Uid);
    let block = asked.number("block", "a block number")?.map_or(place.block, BlockNumber);
    let (kind, page) = (asked.choice("kind", &KINDS)?, asked.page()?);
    let kind = KINDS.iter().position(|known| *known == kind).unwrap_or(0);
    let here = Side::of(site, place, uid)?;
    let there = Side::of(site, Place { block, ..place }, other)?;
    let (before, after) = if other == uid && block < place.block { (there, here) } else { (here, there) };
    let content = html! { p { "From " (before.link()) " to " (after.link()) "." } };
    let title = if other == uid {
        format!(
            "Miner {uid}: block {} to {}",
            thousands(before.place.block.0),
            thousands(after.place.block.0)
        )
    } else {
        format!("Miner {uid} against miner {other}")
    };
    let mut way = to_miner(place, uid);
    way.push(("Difference".to_owned(), format!("{}/diff{}", of_miner(place, uid), asked.with(&[]))));
    let asked = asked.clone();
    let shown = Page::new(title, content).way(way).beside(beside(place, ""));
    Ok(shown.then(move |site| {
        let (old, new) = (site.archive.object(&before.object)?, site.archive.object(&after.object)?);
        Ok(Shown { before: read(&old), after: read(&new), asked, kind, page }.markup())
    }))
}

fn read(file: &[u8]) -> Vec<Line<'_>> {
    lines(file).map(|row| Line::read(row.bytes)).collect()
}

struct Shown<'a> {
    before: Vec<Line<'a>>,
    after: Vec<Line<'a>>,
    asked: Asked,
    kind: usize,
    page: usize,
}

impl Shown<'_> {
    fn markup(&self) -> Markup {
        let found = diff(&self.before, &self.after);
        let counts = [found.changed.len(), found.added.len(), found.removed.len(), found.moved.len()];
        let mut room = PageRoom::new();
        html! {
            dl.counts {
                dt { "Unchanged" } dd { (thousands(found.n_unchanged as u64)) }
                @for (at, n_rows) in counts.iter().enumerate() {
                    dt { (title(at + 1)) } dd { (thousands(*n_rows as u64)) }
                }
            }
            @if found.is_cut {
                p.warn { "There was more to compare than is compared: some of the removed and added rows may be the same row, changed." }
            }
            @if counts == [0; 4] { p { "Both hold the same rows in the same order." } }
            @for kind in 1..KINDS.len() {
                @if counts[kind - 1] > 0 && (self.kind == 0 || self.kind == kind) { (self.section(kind, &found, &mut room)) }
            }
        }
    }

    fn section(&self, kind: usize, found: &Diff, room: &mut PageRoom) -> Markup {
        let mut parser = Parser::new();
        let mut row = |line: &[u8]| pretty::row(&mut parser, line);
        let items: Vec<Option<Markup>> = match kind {
            1 => each(self.shown(&found.changed), room, |changed| {
                let (old, new) = (self.before[changed.before].text, self.after[changed.after].text);
                let percent = (changed.likeness * 100.0) as u32;
                html! {
                    h3 { "Row " (changed.before + 1) " became row " (changed.after + 1) ", " (percent) " % alike" }
                    (altered(old, new))
                }
            }),
            2 => each(self.shown(&found.added), room, |at| {
                html! { h3 { "Row " (at + 1) ", added" } div.added { (row(self.after[*at].text)) } }
            }),
            3 => each(self.shown(&found.removed), room, |at| {
                html! { h3 { "Row " (at + 1) ", removed" } div.removed { (row(self.before[*at].text)) } }
            }),
            _ => each(self.shown(&found.moved), room, |(from, to)| {
                let begin = cut_line(self.after[*to].text);
                html! { h3 { "Row " (from + 1) " moved to " (to + 1) } pre.said dir="auto" { (Said(&begin)) } }
            }),
        };
        let n_left = items.iter().filter(|item| item.is_none()).count();
        let all = [found.changed.len(), found.added.len(), found.removed.len(), found.moved.len()][kind - 1];
        html! {
            section aria-labelledby=(KINDS[kind]) {
                h2 id=(KINDS[kind]) { (title(kind)) }
                @for item in items.iter().flatten() { (item) }
                @if n_left > 0 { p.warn { "This page is full: " (count(n_left, "row")) " more of it not shown." } }
                @if self.kind == kind { (paging(&self.asked, self.page, all, PER_PAGE, "row")) }
                @else if all > FEW {
                    p { a href=(self.asked.with(&[("kind", KINDS[kind]), ("page", "")])) { "All " (count(all, "row")) " " (KINDS[kind]) } }
                }
            }
        }
    }

    /// What of a kind is shown.
    fn shown<'b, T>(&self, rows: &'b [T]) -> &'b [T] {
        if self.kind == 0 { of_page(rows, 1, FEW) } else { of_page(rows, self.page, PER_PAGE) }
    }
}

const fn title(kind: usize) -> &'static str {
    match kind {
        1 => "Changed",
        2 => "Added",
        3 => "Removed",
        _ => "Moved",
    }
}

/// What is made of each, as long as the page has room.
fn each<T>(rows: &[T], room: &mut PageRoom, mut make: impl FnMut(&T) -> Markup) -> Vec<Option<Markup>> {
    rows.iter().map(|row| room.one(|| make(row))).collect()
}

fn cut_line(line: &[u8]) -> String {
    let (text, _) = pretty::as_text(line);
    let (begin, n_left_out) = cut(&text, 200);
    if n_left_out > 0 { format!("{begin}…") } else { begin.to_owned() }
}

/// A row before and after in one, word by word.
fn altered(before: &[u8], after: &[u8]) -> Markup {
    let [old, new] = [before, after].map(|line| {
        let (text, n_behind) = pretty::as_text(line);
        let (lines, n_left_out) = pretty::in_lines(&text, MOST_CHARS);
        (lines, n_behind + n_left_out)
    });
    let ((old, old_behind), (new, new_behind)) = (&old, &new);
    let ((old, old_cut), (new, new_cut)) = (cut(old, MOST_CHARS), cut(new, MOST_CHARS));
    html! {
        pre.said dir="auto" {
            @for piece in words(old, new) {
                @match piece {
                    Piece::Same(text) => (Said(text)),
                    Piece::Removed(text) => { del { (Said(text)) } }
                    Piece::Added(text) => { ins { (Said(text)) } }
                }
            }
        }
        (left_out((*old_behind + old_cut).max(*new_behind + new_cut)))
    }
}

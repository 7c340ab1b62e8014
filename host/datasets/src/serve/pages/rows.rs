//! The rows of a dataset, page by page.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_json::{Parser, Row, RowId, lines};

use super::words::{beside, of_miner, of_page, paging_called, to_miner, without_keys};
use crate::archive::{Entry, Outcome, Place};
use crate::serve::asked::Asked;
use crate::serve::compared::Compared;
use crate::serve::pretty;
use crate::serve::refusal::Refusal;
use crate::serve::shell::{Page, why};
use crate::serve::site::Site;
use crate::serve::text::{PageRoom, count, thousands};
use plimsoll_core::{Digest, Uid};

const PER_PAGE: usize = 20;

/// The dataset of an entry, or why there is none.
pub(super) fn object_of(place: Place, entry: &Entry) -> Result<Digest, Refusal> {
    let why = match &entry.outcome {
        Outcome::Kept { object, .. } => return Ok(*object),
        Outcome::Failed { kind, text } => format!("{kind}, {}", without_keys(text)),
        Outcome::Skipped => "there was nothing to fetch".to_owned(),
    };
    let (uid, block) = (entry.uid, thousands(place.block.0));
    Err(Refusal::Absent(format!("No dataset of miner {uid} is kept at block {block}: {why}.")))
}

pub(in crate::serve) fn rows(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let (place, uid) = (asked.place()?, asked.uid()?);
    let (day, entry) = site.miner(place, uid)?;
    let (object, page) = (object_of(place, &entry)?, asked.page()?);
    let alone: Option<usize> = asked.number("row", "a row's number")?;
    site.must_be_up(&object)?;
    let mut way = to_miner(place, uid);
    let here = format!("{}/rows", of_miner(place, uid));
    way.push(("Rows".to_owned(), here.clone()));
    let paging_of = asked.clone();
    let content = html! { p.soft { "The lines of the file in order, each as its miner wrote it." } };
    let title = format!("Rows of miner {uid} at block {}", thousands(place.block.0));
    let shown = Page::new(title, content).way(way).beside(beside(place, ""));
    Ok(shown.then(move |site| {
        let bytes = site.archive.object(&object)?;
        let rows: Vec<Row<'_>> = lines(&bytes).collect();
        // Another miner's damaged dataset is no reason to hide these rows.
        let compared = site.compared(&day);
        let (first, shown) = match alone.and_then(|number| number.checked_sub(1)) {
            Some(at) => (at, rows.get(at..=at).unwrap_or_default()),
            None => ((page - 1).saturating_mul(PER_PAGE), of_page(&rows, page, PER_PAGE)),
        };
        let paging = |name| paging_called(name, &paging_of, page, rows.len(), (PER_PAGE, "row"));
        let (mut parser, mut page_room) = (Parser::new(), PageRoom::new());
        let mut show = |number: usize, row: &Row<'_>| {
            let who = |id| compared.as_ref().map(|compared| holders(id, (place, uid), compared)).ok();
            let made = page_room.one(|| one(&mut parser, number, row, who));
            made.unwrap_or_else(|| left(number, &paging_of))
        };
        Ok(html! {
            @if let Err(refusal) = &compared { p.warn { "Who else has these rows cannot be told. " (why(refusal)) } }
            @if alone.is_some() {
                p { a href=(format!("{here}{}", paging_of.with(&[("row", "")]))) { "All " (count(rows.len(), "row")) } }
                @if shown.is_empty() { p { "There is no such row." } }
            } @else { (paging("Pages")) }
            @for (at, row) in shown.iter().enumerate() { (show(first + at + 1, row)) }
            @if alone.is_none() { (paging("Pages, below the rows")) }
        })
    }))
}

fn one(
    parser: &mut Parser,
    number: usize,
    row: &Row<'_>,
    who: impl FnOnce(RowId) -> Option<Markup>,
) -> Markup {
    let id = parser.row_id(row.bytes).ok();
    html! {
        section.row aria-labelledby=(format!("row-{number}")) {
            h2 id=(format!("row-{number}")) { "Row " (thousands(number as u64)) }
            p.soft { @if let Some(id) = id { "Row id " code { (id) } ". " @if let Some(who) = who(id) { (who) } } }
            (pretty::row(parser, row.bytes))
        }
    }
}

/// In the place of a row that a page has no room for.
fn left(number: usize, asked: &Asked) -> Markup {
    html! {
        section.row aria-labelledby=(format!("row-{number}")) {
            h2 id=(format!("row-{number}")) { "Row " (thousands(number as u64)) }
            p { "This page is full. " a href=(asked.with(&[("row", &number.to_string()), ("page", "")])) {
                "Row " (thousands(number as u64)) " alone"
            } }
        }
    }
}

/// Who else has a row, and who first, among the rows that the competitions count.
fn holders(id: RowId, (place, uid): (Place, Uid), compared: &Compared) -> Markup {
    let holders: Vec<Uid> = compared.overlaps().holders(id).iter().map(|at| compared.uids[*at]).collect();
    let n_others = holders.iter().filter(|holder| **holder != uid).count();
    let is_counted = holders.len() > n_others;
    html! {
        @if !is_counted { "The competition does not count it here. " }
        @match holders.first() {
            _ if n_others == 0 => "No other miner has it.",
            None => {}
            Some(first) => {
                (count(n_others, "other miner")) @if n_others == 1 { " has it" } @else { " have it" }
                @if is_counted {
                    ", first committed by "
                    @if *first == uid { "this one." } @else { a href=(of_miner(place, *first)) { "miner " (first) } "." }
                } @else { "." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{CommitmentNote, RawNote};
    use crate::contest::{Entered, Field, Rulebook};
    use plimsoll_core::{BlockNumber, Hotkey};

    #[test]
    fn a_row_that_its_competition_does_not_count_is_neither_first_nor_second() {
        let entry = |uid: u16| {
            let raw = RawNote::of(b"x");
            let commitment = Some(CommitmentNote { block: BlockNumber(u64::from(uid)), raw, source: None });
            Entry {
                uid: Uid(uid),
                hotkey: Hotkey([1; 32]),
                coldkey: None,
                commitment,
                outcome: Outcome::Skipped,
            }
        };
        let entries = [entry(1), entry(2), entry(3)];
        let rulebook = Rulebook::of(None, Some(5), &entries).unwrap();
        let id = RowId::of(b"a row");
        // The earliest one is refused by the subnet's loader: nothing of it counts.
        let entered = entries.iter().zip([true, false, false]);
        let entered = entered.map(|(entry, is_refused)| Entered { entry, ids: vec![id], is_refused });
        let field = Field::new(&rulebook, entered.collect()).unwrap();
        let compared = Compared { field, uids: vec![Uid(1), Uid(2), Uid(3)] };
        let place = Place { netuid: plimsoll_core::NetUid(96), block: BlockNumber(9) };
        let told = |id, uid| holders(id, (place, Uid(uid)), &compared).0;
        assert_eq!(told(id, 1), "The competition does not count it here. 2 other miners have it.");
        assert_eq!(told(id, 2), "1 other miner has it, first committed by this one.");
        assert!(told(id, 3).starts_with("1 other miner has it, first committed by <a "), "{}", told(id, 3));
        let unknown = told(RowId::of(b"another"), 2);
        assert_eq!(unknown, "The competition does not count it here. No other miner has it.");
    }
}

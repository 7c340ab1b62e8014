//! The rows of a dataset, page by page.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_json::{Parser, Row, lines};

use super::words::{beside, of_miner, of_page, paging, to_miner};
use crate::archive::{Entry, Outcome, Place};
use crate::serve::asked::Asked;
use crate::serve::compared::Compared;
use crate::serve::pretty;
use crate::serve::refusal::Refusal;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{count, thousands};
use plimsoll_core::{Digest, Uid};

const PER_PAGE: usize = 20;

/// The dataset of an entry, or why there is none.
pub(super) fn object_of(place: Place, entry: &Entry) -> Result<Digest, Refusal> {
    let why = match &entry.outcome {
        Outcome::Kept { object, .. } => return Ok(*object),
        Outcome::Failed { kind, text } => format!("{kind}, {text}"),
        Outcome::Skipped => "there was nothing to fetch".to_owned(),
    };
    let (uid, block) = (entry.uid, thousands(place.block.0));
    Err(Refusal::Absent(format!("No dataset of miner {uid} is kept at block {block}: {why}.")))
}

pub(in crate::serve) fn rows(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let (place, uid) = (asked.place()?, asked.uid()?);
    let (day, entry) = site.miner(place, uid)?;
    let (object, page) = (object_of(place, &entry)?, asked.page()?);
    site.must_be_up(&object)?;
    let mut way = to_miner(place, uid);
    way.push(("Rows".to_owned(), format!("{}/rows", of_miner(place, uid))));
    let paging_of = asked.clone();
    let content = html! { p.soft { "The lines of the file in order, each as its miner wrote it." } };
    let title = format!("Rows of miner {uid} at block {}", thousands(place.block.0));
    let shown = Page::new(title, content).way(way).beside(beside(place, ""));
    Ok(shown.then(move |site| {
        let bytes = site.archive.object(&object)?;
        let rows: Vec<Row<'_>> = lines(&bytes).collect();
        let compared = site.compared(&day)?;
        let paging = paging(&paging_of, page, rows.len(), PER_PAGE, "row");
        let mut parser = Parser::new();
        let first = (page - 1).saturating_mul(PER_PAGE);
        Ok(html! {
            (paging)
            @for (at, row) in of_page(&rows, page, PER_PAGE).iter().enumerate() {
                (one(&mut parser, first + at + 1, row, (place, uid), &compared))
            }
            (paging)
        })
    }))
}

fn one(
    parser: &mut Parser,
    number: usize,
    row: &Row<'_>,
    (place, uid): (Place, Uid),
    compared: &Compared,
) -> Markup {
    let id = parser.row_id(row.bytes).ok();
    let holders = id.map(|id| compared.overlaps().holders(id)).unwrap_or_default();
    let others: Vec<Uid> =
        holders.iter().map(|at| compared.uids[*at]).filter(|holder| *holder != uid).collect();
    html! {
        section.row aria-labelledby=(format!("row-{number}")) {
            h2 id=(format!("row-{number}")) { "Row " (thousands(number as u64)) }
            p.soft {
                @if let Some(id) = id { "Row id " code { (id) } ". " }
                @match (others.first(), holders.first().map(|first| compared.uids[*first])) {
                    (None, _) if id.is_none() => {}
                    (None, _) => "No other miner has it.",
                    (Some(_), Some(first)) => {
                        (count(others.len(), "other miner")) @if others.len() == 1 { " has it" } @else { " have it" }
                        ", first committed by "
                        @if first == uid { "this one." }
                        @else { a href=(of_miner(place, first)) { "miner " (first) } "." }
                    }
                    (Some(_), None) => {}
                }
            }
            (pretty::row(parser, row.bytes))
        }
    }
}

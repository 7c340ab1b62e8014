//! Who hangs together, and who was first.

use std::sync::Arc;

use maud::{Markup, html};
use plimsoll_core::Uid;

use super::words::{at, beside, of_miner, repository, to_snapshot};
use crate::archive::Place;
use crate::contest::{Entrant, Part};
use crate::overlap::Group;
use crate::serve::asked::Asked;
use crate::serve::compared::Compared;
use crate::serve::refusal::Refusal;
use crate::serve::shelf::Day;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{Said, count, thousands};

pub(in crate::serve) fn groups(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let place = asked.place()?;
    let day = site.day(place)?;
    let limit: Option<u32> = asked.number("limit", "a number of rows")?;
    let content = html! {
        p.soft { "Miners whose datasets share more rows than their competition allows, among the rows that it uses. \
            Whoever committed first keeps its score. Datasets of different competitions are no copies of one another." }
        form.filter method="get" action=(format!("{}/groups", at(place))) {
            p { label for="limit" { "Rows that two may share, in place of each competition’s own limit" }
                input #limit name="limit" inputmode="numeric" size="6" value=[limit]; }
            p { button type="submit" { "Show" } }
        }
    };
    let title = format!("Groups at block {}", thousands(place.block.0));
    let shown = Page::new(title, content).way(to_snapshot(place)).beside(beside(place, "Groups"));
    Ok(shown.then(move |site| {
        let compared = site.compared(&day)?;
        let (greedy, components) = (compared.field.greedy_groups(limit), compared.field.components(limit));
        let as_formed = "As the subnet forms them: each miner by uid gathers all that share too much with it.";
        let as_hanging = "As they hang together: each shares too much with some other of its group.";
        Ok(html! {
            (rules(place, &compared, limit))
            (section(place, &day, &compared, ("formed", "Groups as the subnet forms them"), as_formed, &greedy))
            (section(place, &day, &compared, ("hanging", "Groups that hang together"), as_hanging, &components))
        })
    }))
}

/// What was applied, and who is not judged.
fn rules(place: Place, compared: &Compared, limit: Option<u32>) -> Markup {
    let field = &compared.field;
    let uids = |part: Part| -> Vec<Uid> {
        let is_so = |entrant: &&Entrant| entrant.part == part;
        field.entrants().iter().filter(is_so).map(|entrant| entrant.uid).collect()
    };
    let unlimited = if limit.is_some() { Vec::new() } else { uids(Part::Unlimited) };
    html! {
        ul { @for competition in field.competitions() { li {
            "Competition " (Said(&competition.id)) ": " (count(competition.places.len(), "dataset")) ", "
            @match competition.rule.rows {
                Some(rows) => { "the first " (count(rows as usize, "row")) " of each, " }
                None => { "all rows of each, as it is not known how many it uses, " }
            }
            @match limit.or(competition.rule.shared_rows) {
                Some(limit) => { "of which two may share " (limit) }
                None => { "and no limit is known: nobody is judged" }
            }
        } } }
        @for (uids, why) in [(unlimited, "Not judged, as no limit is known"), (uids(Part::Refused), "Without part, as the subnet’s loader refuses the file")] {
            @if !uids.is_empty() { p { (why) ": "
                @for (at, uid) in uids.iter().enumerate() {
                    @if at > 0 { ", " } a href=(of_miner(place, *uid)) { (uid) }
                }
            } }
        }
    }
}

fn section(
    place: Place,
    day: &Day,
    compared: &Compared,
    (id, title): (&str, &str),
    explained: &str,
    groups: &[Group],
) -> Markup {
    let n_copies: usize = groups.iter().map(|group| group.copies().len()).sum();
    html! {
        h2 id=(id) { (title) }
        p.soft { (explained) " " (count(groups.len(), "group")) ", " (count(n_copies, "miner")) " behind the first." }
        @if groups.is_empty() { p { "None at this limit." } }
        @else { div.wide tabindex="0" role="region" aria-label=(title) { table {
            caption { (title) }
            thead { tr {
                th scope="col" { "First" } th scope="col" { "Its repository" } th.number scope="col" { "Committed at" }
                th.number scope="col" { "Members" } th scope="col" { "The others, by when they committed" }
            } }
            tbody { @for group in groups { (line(place, day, compared, group)) } }
        } } }
    }
}

fn line(place: Place, day: &Day, compared: &Compared, group: &Group) -> Markup {
    let first = group.first();
    let entry = day.entry(compared.uids[first]);
    html! { tr {
        th scope="row" { a href=(of_miner(place, compared.uids[first])) { (compared.uids[first]) } }
        td { @if let Some((owner, name)) = entry.and_then(|entry| repository(entry)) { (owner) "/" (name) } }
        td.number { (thousands(compared.overlaps().block(first))) }
        td.number { (group.places.len()) }
        td.members { @for (at, copy) in group.copies().iter().enumerate() {
            @if at > 0 { ", " }
            a href=(of_miner(place, compared.uids[*copy])) { (compared.uids[*copy]) }
        } }
    } }
}

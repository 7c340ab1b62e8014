//! How many rows each two miners share: as a picture, and as a table.

use std::sync::Arc;

use maud::{Markup, html};

use super::words::{at, beside, of_miner, of_page, paging, percent, to_snapshot};
use crate::archive::Place;
use crate::overlap::Pair;
use crate::serve::asked::Asked;
use crate::serve::compared::{Compared, Order};
use crate::serve::picture::{CLASSES, cell_px, matrix};
use crate::serve::refusal::Refusal;
use crate::serve::shell::Page;
use crate::serve::site::Site;
use crate::serve::text::{count, thousands};

const PER_PAGE: usize = 50;
/// Labels along a side of the picture.
const N_LABELS: usize = 10;

pub(in crate::serve) fn overlap(site: &Arc<Site>, asked: &Asked) -> Result<Page, Refusal> {
    let place = asked.place()?;
    let day = site.day(place)?;
    let order = order_of(asked.choice("order", &["uid", "group"])?)?;
    let min: u32 = asked.number("min", "a number of rows")?.unwrap_or(1).max(1);
    let page = asked.page()?;
    let content = html! {
        p.soft { "How many different rows each two miners share, of those that their competitions use. Row identity is the subnet’s own." }
        form.filter method="get" action=(format!("{}/overlap", at(place))) {
            p { label for="order" { "Order of the picture" }
                select #order name="order" {
                    @for (name, title) in [("uid", "by uid"), ("group", "groups together")] {
                        option value=(name) selected[name == order.name()] { (title) }
                    }
                } }
            p { label for="min" { "Pairs that share at least" } input #min name="min" inputmode="numeric" size="6" value=(min); }
            p { button type="submit" { "Show" } }
        }
    };
    let asked = asked.clone();
    let title = format!("Overlap at block {}", thousands(place.block.0));
    let shown = Page::new(title, content).way(to_snapshot(place)).beside(beside(place, "Overlap"));
    Ok(shown.then(move |site| {
        let compared = site.compared(&day)?;
        if compared.uids.is_empty() {
            return Ok(html! { p { "No dataset of this snapshot is kept." } });
        }
        let sorted = compared.order(order);
        Ok(html! { (drawn(place, &compared, order, &sorted)) (pairs(place, &compared, min, page, &asked)) })
    }))
}

fn order_of(name: &str) -> Result<Order, Refusal> {
    match name {
        "uid" => Ok(Order::Uid),
        "group" => Ok(Order::Group),
        _ => Err(Refusal::Absent("The picture is drawn in the order uid or group.".to_owned())),
    }
}

/// The picture. A click is told by the browser as a place in it, so that no script is needed.
fn drawn(place: Place, compared: &Compared, order: Order, sorted: &[usize]) -> Markup {
    let side = sorted.len() * cell_px(sorted.len());
    let base = format!("{}/overlap/{}", at(place), order.name());
    let alternative = format!(
        "Matrix of the rows that each two of {} share; the table below says the same in numbers",
        count(sorted.len(), "miner")
    );
    html! {
        h2 { "As a picture" }
        p { "Every row and every column is a miner; a cell’s colour is the share of the smaller dataset’s rows that are \
            in both. Choose a cell to see the two datasets’ difference." }
        ul.legend {
            @for (at, (_, name)) in CLASSES.iter().enumerate() {
                li { span class=(format!("swatch class-{at}")) {} (name) }
            }
        }
        div.wide.picture tabindex="0" role="region" aria-label="Picture of the matrix" {
            div.matrix {
                (labels(compared, sorted, side, true))
                (labels(compared, sorted, side, false))
                a.cells href=(format!("{base}/cell")) {
                    picture {
                        source media="(prefers-color-scheme: dark)" srcset=(format!("{base}/picture?ground=dark"));
                        img src=(format!("{base}/picture")) alt=(alternative) width=(side) height=(side) ismap;
                    }
                }
            }
        }
    }
}

/// Some of the uids along a side.
fn labels(compared: &Compared, sorted: &[usize], side: usize, is_above: bool) -> Markup {
    let cell = cell_px(sorted.len());
    let step = sorted.len().div_ceil(N_LABELS).max(1);
    let (width, height) = if is_above { (side, 24) } else { (40, side) };
    html! {
        svg.above[is_above].left[!is_above] width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
            aria-hidden="true" {
            @for (at, place) in sorted.iter().enumerate().step_by(step) {
                @let middle = at * cell + cell / 2;
                @if is_above {
                    text x=(middle.max(12)) y="15" { (compared.uids[*place]) }
                    path.tick d=(format!("M{middle} 19v5")) {}
                } @else {
                    text x="32" y=((middle + 4).max(10)) text-anchor="end" { (compared.uids[*place]) }
                    path.tick d=(format!("M35 {middle}h5")) {}
                }
            }
        }
    }
}

fn pairs(place: Place, compared: &Compared, min: u32, page: usize, asked: &Asked) -> Markup {
    let mut pairs: Vec<Pair> = compared.overlaps().pairs(min).collect();
    pairs.sort_unstable_by_key(|pair| (std::cmp::Reverse(pair.n_shared), pair.left, pair.right));
    html! {
        h2 { "As a table" }
        div.wide tabindex="0" role="region" aria-label="Pairs" { table {
            caption { "Pairs that share at least " (count(min as usize, "row")) ", the most first" }
            thead { tr {
                th scope="col" { "Miners" } th.number scope="col" { "Rows shared" }
                th.number scope="col" { "Of the smaller" } th scope="col" { "Committed first" } th scope="col" { "Rows" }
            } }
            tbody { @for pair in of_page(&pairs, page, PER_PAGE) { (line(place, compared, pair)) } }
        } }
        (paging(asked, page, pairs.len(), PER_PAGE, "pair"))
    }
}

fn line(place: Place, compared: &Compared, pair: &Pair) -> Markup {
    let [left, right] = [pair.left, pair.right].map(|at| compared.uids[at]);
    let [of_left, of_right] = [pair.left, pair.right].map(|at| compared.overlaps().block(at));
    html! { tr {
        th scope="row" {
            a href=(of_miner(place, left)) { (left) } " and " a href=(of_miner(place, right)) { (right) }
        }
        td.number { (pair.n_shared) }
        td.number { (percent(compared.percent(pair.left, pair.right))) }
        td { @if of_left == of_right { "in the same block" } @else { "uid " (if of_left < of_right { left } else { right }) } }
        td { a href=(format!("{}/diff?uid={right}", of_miner(place, left))) { "Diff of " (left) " and " (right) } }
    } }
}

/// The picture itself.
pub(in crate::serve) fn picture(site: &Site, asked: &Asked) -> Result<Vec<u8>, Refusal> {
    let day = site.day(asked.place()?)?;
    let order = order_of(asked.word("order"))?;
    let is_dark = asked.choice("ground", &["light", "dark"])? == "dark";
    let compared = site.compared(&day)?;
    let sorted = compared.order(order);
    if sorted.is_empty() {
        return Err(Refusal::Absent(
            "No dataset of this snapshot is kept: there is nothing to draw.".to_owned(),
        ));
    }
    Ok(matrix(&compared, &sorted, is_dark))
}

/// Where a click on the picture leads: `x,y` in pixels.
pub(in crate::serve) fn cell(site: &Site, asked: &Asked) -> Result<String, Refusal> {
    let place = asked.place()?;
    let day = site.day(place)?;
    let order = order_of(asked.word("order"))?;
    let compared = site.compared(&day)?;
    let sorted = compared.order(order);
    // Chosen by the keyboard the picture has no place: then the table has the same.
    let Some((x, y)) = asked.behind.split_once(',') else {
        return Ok(format!("{}/overlap?order={}", at(place), order.name()));
    };
    let cell = cell_px(sorted.len());
    let miner = |pixels: &str| {
        let at = pixels.parse::<usize>().ok()? / cell;
        sorted.get(at).map(|place| compared.uids[*place])
    };
    let (Some(column), Some(row)) = (miner(x), miner(y)) else {
        return Err(Refusal::Wrong("That place is not in the picture: expected x,y in pixels.".to_owned()));
    };
    if row == column {
        return Ok(of_miner(place, row));
    }
    Ok(format!("{}/diff?uid={column}", of_miner(place, row)))
}

//! The page of a comparison: whole, alone, and safe whatever a scheme calls itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use plimsoll_lab::compare::{
    COLUMNS, CompareRequest, Comparison, Figure, Filled, Group, Machine, Point, Proved, Row, Verified,
};

fn row(name: &str, fill: f64, verify_us: f64) -> Row {
    let figure = |value: f64| Figure::of(&[value * 0.98, value, value * 1.01]);
    let point = |missing: f64, measured: f64| Point {
        missing_fraction: missing,
        trials: 100,
        caught: (100.0 * measured) as u64,
        measured,
        low: measured - 0.05,
        high: measured + 0.05,
        theory: measured,
    };
    Row {
        name: name.to_owned(),
        fill: Some(Filled { mib_per_cpu_s: figure(fill), ..Filled::default() }),
        prove: Some(Proved { samples: 20, ..Proved::default() }),
        verify: Some(Verified { p50_us: figure(verify_us), ..Verified::default() }),
        detection: vec![point(0.01, 0.18), point(0.1, 0.88)],
        ..Row::default()
    }
}

fn comparison(rows: Vec<Row>) -> Comparison {
    Comparison { machine: Machine::here(Path::new("/")), request: CompareRequest::default(), rows }
}

fn typical() -> String {
    let failed = Row { name: "proof-broken".into(), failure: Some("a & b < c".into()), ..Row::default() };
    comparison(vec![row("proof-a", 4000.0, 300.0), row("proof-b", 0.007, 113_000.0), failed]).to_html()
}

#[test]
fn it_stands_alone() {
    let page = typical();
    for foreign in ["http://", "https://", "<script", "url(", "@import", "src="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.starts_with("<!doctype html>") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn every_tag_is_closed() {
    let page = typical();
    for tag in [
        "html", "body", "main", "svg", "table", "tbody", "tr", "td", "th", "figure", "ul", "li", "dl", "dd",
        "text", "path",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        let closed = page.matches(&format!("</{tag}>")).count();
        assert!(opened > 0 && opened == closed, "<{tag}>: {opened} opened, {closed} closed");
    }
}

#[test]
fn charts_hold_every_measured_scheme_and_name_the_others() {
    let page = typical();
    for name in ["proof-a", "proof-b"] {
        // In the first chart as a label and a title, in the legend, in the table's head.
        assert!(page.matches(name).count() >= 4, "{name}");
    }
    assert!(page.contains("Not drawn, because it failed or its repeats disagree: proof-broken."));
    assert!(page.contains("a &amp; b &lt; c"), "the reason is on the page");
    assert!(page.contains("q = 20"));
}

#[test]
fn no_number_on_it_is_nan_or_infinite() {
    let odd = row("proof-zero", 0.0, 0.0);
    for page in [typical(), comparison(vec![odd]).to_html(), comparison(Vec::new()).to_html()] {
        for bad in ["NaN", "inf\"", "=\"inf", "-inf"] {
            assert!(!page.contains(bad), "{bad}");
        }
    }
}

#[test]
fn a_name_cannot_become_markup() {
    let page = comparison(vec![row("<img onerror=x>", 1.0, 1.0)]).to_html();
    assert!(!page.contains("<img") && page.contains("&lt;img onerror=x&gt;"));
}

#[test]
fn a_figure_whose_repeats_disagree_is_in_no_chart() {
    let mut wild = row("proof-wild", 10.0, 10.0);
    wild.fill.as_mut().unwrap().mib_per_cpu_s = Figure::of(&[1.0, 10.0, 100.0]);
    let page = comparison(vec![wild, row("proof-calm", 20.0, 20.0)]).to_html();
    assert!(page.contains("repeats disagree: proof-wild."));
}

#[test]
fn every_group_has_its_heading_once() {
    let page = typical();
    for group in [Group::Fill, Group::Prove, Group::Verify] {
        assert_eq!(page.matches(&format!(">{}</th>", group.title())).count(), 1);
    }
    assert!(Group::ALL.iter().all(|group| COLUMNS.iter().any(|column| column.group == *group)));
}

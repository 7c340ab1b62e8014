//! Fill rate against verify cost.

use crate::compare::figure::Figure;
use crate::compare::table::{Comparison, significant};
use crate::page::axis::Axis;
use crate::page::labels::{Place, place_all};
use crate::page::svg::{Anchor, Drawing, escaped};

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 460.0;
const INSIDE: Place = Place { left: 78.0, top: 18.0, right: WIDTH - 24.0, bottom: HEIGHT - 58.0 };

struct Dot<'a> {
    series: usize,
    name: &'a str,
    fill: f64,
    verify: f64,
}

/// The chart, and below it what could not be drawn.
pub(super) fn chart(comparison: &Comparison) -> String {
    let most = comparison.request.most_spread_percent;
    let sure = |figure: Option<Figure>| figure.filter(|figure| figure.spread_percent() <= most);
    let mut dots = Vec::new();
    let mut left_out = Vec::new();
    for (series, row) in comparison.rows.iter().enumerate() {
        let fill = sure(row.fill.as_ref().and_then(|of| of.mib_per_cpu_s));
        let verify = sure(row.verify.as_ref().and_then(|of| of.p50_us));
        match fill.zip(verify) {
            Some((fill, verify)) => {
                dots.push(Dot { series, name: &row.name, fill: fill.median, verify: verify.median });
            }
            None => left_out.push(row.name.as_str()),
        }
    }
    let mut out = drawn(&dots).unwrap_or_default();
    if !left_out.is_empty() {
        let names = escaped(&left_out.join(", "));
        out +=
            &format!("<p class=\"soft\">Not drawn, because it failed or its repeats disagree: {names}.</p>");
    }
    out
}

fn drawn(dots: &[Dot<'_>]) -> Option<String> {
    let x = Axis::logarithmic(dots.iter().map(|dot| dot.fill), INSIDE.left, INSIDE.right)?;
    let y = Axis::logarithmic(dots.iter().map(|dot| dot.verify), INSIDE.bottom, INSIDE.top)?;
    let mut drawing = Drawing::default();
    for value in x.decades() {
        let at = x.place(value);
        drawing.line("grid", (at, INSIDE.top), (at, INSIDE.bottom));
        drawing.text("tick", (at, INSIDE.bottom + 18.0), Anchor::Middle, &significant(value));
    }
    for value in y.decades() {
        let at = y.place(value);
        drawing.line("grid", (INSIDE.left, at), (INSIDE.right, at));
        drawing.text("tick", (INSIDE.left - 8.0, at + 4.0), Anchor::End, &significant(value));
    }
    drawing.line("axis", (INSIDE.left, INSIDE.bottom), (INSIDE.right, INSIDE.bottom));
    drawing.line("axis", (INSIDE.left, INSIDE.top), (INSIDE.left, INSIDE.bottom));
    let middle = f64::midpoint(INSIDE.left, INSIDE.right);
    drawing.text("", (middle, HEIGHT - 14.0), Anchor::Middle, "fill, MiB per CPU-second");
    drawing.upright((20.0, f64::midpoint(INSIDE.top, INSIDE.bottom)), "verify one proof, µs");
    let places: Vec<_> =
        dots.iter().map(|dot| ((x.place(dot.fill), y.place(dot.verify)), dot.name)).collect();
    let labels = place_all(&places, &INSIDE);
    for ((dot, (at, name)), label) in dots.iter().zip(&places).zip(&labels) {
        let place = label.place;
        if label.leader {
            let near = (at.0.clamp(place.left, place.right), at.1.clamp(place.top, place.bottom));
            drawing.line("leader", *at, near);
        }
        let title =
            format!("{name}: {} MiB per CPU-second, {} µs", significant(dot.fill), significant(dot.verify));
        drawing.mark(dot.series, *at, &title);
        let middle = f64::midpoint(place.left, place.right);
        let (side, anchor) = if place.left > at.0 {
            (place.left, Anchor::Start)
        } else if place.right < at.0 {
            (place.right, Anchor::End)
        } else {
            (middle, Anchor::Middle)
        };
        drawing.text("", (side, place.bottom - 4.0), anchor, name);
    }
    Some(drawing.into_svg(WIDTH, HEIGHT, "Fill rate against verify cost of each scheme"))
}

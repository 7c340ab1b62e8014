//! Axes and legends of the charts.

use crate::page::axis::Axis;
use crate::page::labels::Place;
use crate::page::svg::{Anchor, Drawing, escaped};

pub(super) const WIDTH: f64 = 920.0;
pub(super) const HEIGHT: f64 = 400.0;
pub(super) const INSIDE: Place = Place { left: 84.0, top: 18.0, right: WIDTH - 24.0, bottom: HEIGHT - 58.0 };

/// Lines at values of both axes with their words, and what the axes are.
pub(super) fn frame(
    drawing: &mut Drawing,
    x: (&Axis, Vec<(f64, String)>, &str),
    y: (&Axis, Vec<(f64, String)>, &str),
) {
    for (value, word) in x.1 {
        let at = x.0.place(value);
        drawing.line("grid", (at, INSIDE.top), (at, INSIDE.bottom));
        drawing.text("tick", (at, INSIDE.bottom + 18.0), Anchor::Middle, &word);
    }
    for (value, word) in y.1 {
        let at = y.0.place(value);
        drawing.line("grid", (INSIDE.left, at), (INSIDE.right, at));
        drawing.text("tick", (INSIDE.left - 8.0, at + 4.0), Anchor::End, &word);
    }
    drawing.line("axis", (INSIDE.left, INSIDE.bottom), (INSIDE.right, INSIDE.bottom));
    drawing.line("axis", (INSIDE.left, INSIDE.top), (INSIDE.left, INSIDE.bottom));
    drawing.text("", (f64::midpoint(INSIDE.left, INSIDE.right), HEIGHT - 14.0), Anchor::Middle, x.2);
    drawing.upright((20.0, f64::midpoint(INSIDE.top, INSIDE.bottom)), y.2);
}

/// One entry a series that is drawn.
pub(super) fn legend<'a>(entries: impl Iterator<Item = (usize, &'a str)>) -> String {
    let entry = |(series, name): (usize, &str)| {
        let mut mark = Drawing::default();
        mark.mark(series, (8.0, 8.0), name);
        format!("<li>{}{}</li>", mark.into_svg(16.0, 16.0, name), escaped(name))
    };
    format!("<ul class=\"legend\">{}</ul>", entries.map(entry).collect::<String>())
}

/// `0.25` as `25 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", crate::compare::significant(100.0 * share))
}

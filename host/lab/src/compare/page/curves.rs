//! Detection probability against the missing fraction.

use std::collections::BTreeSet;

use crate::compare::table::{Comparison, significant};
use crate::page::axis::Axis;
use crate::page::svg::{Anchor, Drawing, escaped};

const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = HEIGHT - 58.0;
const LEAST: f64 = 0.002;
const MOST: f64 = 0.8;
const STEPS: u32 = 120;
/// Room for the points of all schemes at one fraction, side by side, and the most between two of them.
const CROWD: f64 = 40.0;
const DODGE: f64 = 9.0;
/// Of a curve's name.
const NAME_WIDTH: f64 = 52.0;
/// Half of the line that shows what theory gives.
const TICK: f64 = 7.0;

/// The chart and its legend.
pub(super) fn chart(comparison: &Comparison) -> String {
    let x = Axis::logarithmic_between(LEAST, MOST, LEFT, RIGHT);
    let y = Axis::linear(0.0, 1.0, BOTTOM, TOP);
    let mut drawing = Drawing::default();
    frame(&mut drawing, &x, &y);
    let measured: Vec<_> =
        comparison.rows.iter().enumerate().filter(|(_, row)| !row.detection.is_empty()).collect();
    let samples: BTreeSet<u32> =
        measured.iter().filter_map(|(_, row)| row.prove.as_ref().map(|of| of.samples)).collect();
    for (index, samples) in samples.iter().enumerate() {
        let at = |step: u32| {
            let share = f64::from(step) / f64::from(STEPS);
            let missing = LEAST * (MOST / LEAST).powf(share);
            (x.place(missing), y.place(1.0 - (1.0 - missing).powf(f64::from(*samples))))
        };
        drawing.curve(&(0..=STEPS).map(at).collect::<Vec<_>>());
        // Left of all points, above the curve, one beside the other.
        let place = LEFT + NAME_WIDTH * (index as f64 + 0.6);
        let missing = LEAST * (MOST / LEAST).powf((place - LEFT) / (RIGHT - LEFT));
        let height = y.place(1.0 - (1.0 - missing).powf(f64::from(*samples)));
        drawing.text("tick", (place, height - 8.0), Anchor::Middle, &format!("q = {samples}"));
    }
    let dodge = DODGE.min(CROWD / measured.len().max(1) as f64);
    let shift = |place: usize| (place as f64 - (measured.len() as f64 - 1.0) / 2.0) * dodge;
    for (place, (series, row)) in measured.iter().enumerate() {
        for point in &row.detection {
            let at = x.place(point.missing_fraction) + shift(place);
            drawing.bar(*series, (at, y.place(point.low)), (at, y.place(point.high)));
            let theory = y.place(point.theory);
            drawing.bar(*series, (at - TICK, theory), (at + TICK, theory));
            let title = format!(
                "{}: {} % missing, {} of {} caught, {} expected",
                row.name,
                significant(100.0 * point.missing_fraction),
                point.caught,
                point.trials,
                significant(point.theory * point.trials as f64)
            );
            drawing.mark(*series, (at, y.place(point.measured)), &title);
        }
    }
    let svg =
        drawing.into_svg(WIDTH, HEIGHT, "Detection probability of one audit against the missing fraction");
    let entry = |(series, row): &(usize, &crate::compare::Row)| {
        let mut mark = Drawing::default();
        mark.mark(*series, (8.0, 8.0), &row.name);
        let samples = row.prove.as_ref().map_or(0, |of| of.samples);
        format!("<li>{}{} (q = {samples})</li>", mark.into_svg(16.0, 16.0, &row.name), escaped(&row.name))
    };
    let entries: String = measured.iter().map(entry).collect();
    format!("{svg}<ul class=\"legend\">{entries}</ul>")
}

fn frame(drawing: &mut Drawing, x: &Axis, y: &Axis) {
    for value in x.decades() {
        let at = x.place(value);
        drawing.line("grid", (at, TOP), (at, BOTTOM));
        let percent = format!("{} %", significant(100.0 * value));
        drawing.text("tick", (at, BOTTOM + 18.0), Anchor::Middle, &percent);
    }
    for fifth in 0..=5 {
        let value = f64::from(fifth) / 5.0;
        let at = y.place(value);
        drawing.line("grid", (LEFT, at), (RIGHT, at));
        drawing.text("tick", (LEFT - 8.0, at + 4.0), Anchor::End, &format!("{:.0} %", 100.0 * value));
    }
    drawing.line("axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
    drawing.line("axis", (LEFT, TOP), (LEFT, BOTTOM));
    let middle = f64::midpoint(LEFT, RIGHT);
    drawing.text("", (middle, HEIGHT - 14.0), Anchor::Middle, "missing fraction of units, 1 − f");
    drawing.upright((18.0, f64::midpoint(TOP, BOTTOM)), "caught by one audit");
}

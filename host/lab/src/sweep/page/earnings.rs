//! Earnings over epochs, a curve a group.

use super::frame::{HEIGHT, INSIDE, WIDTH, frame, legend};
use super::{MOST_CHARTS, series, title};
use crate::compare::significant;
use crate::page::axis::Axis;
use crate::page::figure;
use crate::page::svg::{Drawing, escaped};
use crate::sweep::drive::Swept;
use crate::sweep::summary::{AgentSummary, CellSummary};

pub(super) fn section(swept: &Swept, names: &[&str]) -> String {
    let chart = |cell: &CellSummary| format!("<p>{}</p>\n{}", escaped(&title(cell)), chart(cell, names));
    let mut charts: Vec<String> = swept.cells.iter().take(MOST_CHARTS).map(chart).collect();
    if let Some(left_out) = swept.cells.len().checked_sub(MOST_CHARTS).filter(|n| *n > 0) {
        charts.push(format!(
            "<p class=\"soft\">{left_out} more cells are not drawn; the table has them all.</p>"
        ));
    }
    charts.push(legend(names.iter().copied().enumerate()));
    figure(
        "Earnings over epochs",
        "What all miners of a group earn together in an epoch, in alpha: the mean over seeds.",
        &charts.join("\n"),
    )
}

fn chart(cell: &CellSummary, names: &[&str]) -> String {
    let last = cell.windows.last().map_or(1.0, |window| (window.first_epoch + window.epochs) as f64);
    let x = Axis::linear(0.0, last, INSIDE.left, INSIDE.right);
    let earned = cell.windows.iter().flat_map(|window| window.earned_alpha_per_epoch.iter().copied());
    let y = Axis::from_zero(earned, INSIDE.bottom, INSIDE.top);
    let words = |axis: &Axis| axis.steps().into_iter().map(|value| (value, significant(value))).collect();
    let mut drawing = Drawing::default();
    frame(&mut drawing, (&x, words(&x), "epoch"), (&y, words(&y), "alpha an epoch"));
    for (at, agent) in cell.agents.iter().enumerate() {
        drawing.trace(series(names, &agent.name), &points(cell, at, &x, &y), &told(agent));
    }
    drawing.into_svg(WIDTH, HEIGHT, &format!("Earnings over epochs: {}", title(cell)))
}

/// A window stands at the middle of its epochs.
fn points(cell: &CellSummary, at: usize, x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let place = |window: &crate::sweep::summary::EarningsWindow| {
        let middle = window.first_epoch as f64 + window.epochs as f64 / 2.0;
        (x.place(middle), y.place(window.earned_alpha_per_epoch[at]))
    };
    cell.windows.iter().map(place).collect()
}

fn told(agent: &AgentSummary) -> String {
    format!("{}: {} alpha in all", agent.name, significant(agent.earned_alpha))
}

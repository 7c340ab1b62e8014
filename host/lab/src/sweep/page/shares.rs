//! What groups earn against what they store.

use super::frame::{HEIGHT, INSIDE, WIDTH, frame, legend, percent};
use super::{series, title};
use crate::page::axis::Axis;
use crate::page::figure;
use crate::page::svg::Drawing;
use crate::sweep::drive::Swept;

pub(super) fn section(swept: &Swept, names: &[&str]) -> String {
    let highest = |values: Vec<f64>| {
        values.into_iter().filter(|v| v.is_finite()).fold(0.01f64, f64::max).min(1.0) * 1.05
    };
    let x_most = highest(swept.rows().map(|(_, agent)| agent.stored_share).collect());
    let y_most = highest(swept.rows().map(|(_, agent)| agent.emission_share_ci95[1]).collect());
    let x = Axis::linear(0.0, x_most, INSIDE.left, INSIDE.right);
    let y = Axis::linear(0.0, y_most, INSIDE.bottom, INSIDE.top);
    let words = |axis: &Axis| axis.steps().into_iter().map(|value| (value, percent(value))).collect();
    let mut drawing = Drawing::default();
    frame(
        &mut drawing,
        (&x, words(&x), "share of the bytes that lie on miners' own disks"),
        (&y, words(&y), "share of emission"),
    );
    let end = x_most.min(y_most);
    drawing.curve(&[(x.place(0.0), y.place(0.0)), (x.place(end), y.place(end))]);
    for (cell, agent) in swept.rows() {
        let of = series(names, &agent.name);
        let at = (x.place(agent.stored_share), y.place(agent.emission_share));
        let [low, high] = agent.emission_share_ci95;
        drawing.bar(of, (at.0, y.place(low)), (at.0, y.place(high)));
        let told = format!(
            "{}: stores {}, earns {} ({})",
            agent.name,
            percent(agent.stored_share),
            percent(agent.emission_share),
            title(cell)
        );
        drawing.mark(of, at, &told);
    }
    let svg = drawing.into_svg(WIDTH, HEIGHT, "Share of emission against share of stored bytes");
    figure(
        "Emission against honestly stored bytes",
        "One point a group and cell, over all epochs and seeds; upright bars hold the mean with 95\u{a0}%. Who is paid for \
         what it stores lies on the line; whoever lies above it is paid for more.",
        &format!("{svg}{}", legend(names.iter().copied().enumerate())),
    )
}

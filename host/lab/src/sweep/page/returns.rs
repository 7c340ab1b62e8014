//! What each attack brings, against its size.

use super::frame::{HEIGHT, INSIDE, WIDTH, frame, legend, percent};
use crate::compare::significant;
use crate::page::axis::Axis;
use crate::page::figure;
use crate::page::svg::Drawing;
use crate::sweep::drive::Swept;
use crate::sweep::summary::{AgentSummary, CellSummary};

const TITLE: &str = "Return of each attack against its size";
/// Nothing earned has no place on a logarithmic axis: it is drawn here.
const LEAST: f64 = 0.01;
const MOST: f64 = 1e9;

/// One attack at one size.
struct Point<'a> {
    name: String,
    agent: &'a AgentSummary,
}

/// An attack is a group under a rule and a scheme, whatever else was set.
fn points(swept: &Swept) -> Vec<Point<'_>> {
    let point = |(cell, agent): (&CellSummary, &'_ AgentSummary)| {
        format!("{} under {}, {}", agent.name, cell.rule, cell.scheme)
    };
    swept
        .rows()
        .filter(|(_, agent)| !agent.honest && returns(agent).is_some())
        .map(|(cell, agent)| Point { name: point((cell, agent)), agent })
        .collect()
}

/// Dollars earned for a dollar paid, as far as it can be drawn.
fn ratio(roi: f64) -> f64 {
    if roi.is_nan() { LEAST } else { (roi + 1.0).clamp(LEAST, MOST) }
}

/// The mean and its interval; nothing of an attack that cost nothing.
fn returns(agent: &AgentSummary) -> Option<(f64, [f64; 2])> {
    Some((agent.roi?, agent.roi_ci95?))
}

pub(super) fn section(swept: &Swept) -> String {
    let points = points(swept);
    let mut names: Vec<&str> = Vec::new();
    for point in &points {
        if !names.contains(&point.name.as_str()) {
            names.push(&point.name);
        }
    }
    let is_swept = points.iter().any(|point| {
        let others = points.iter().filter(|other| other.name == point.name);
        others.into_iter().any(|other| (other.agent.claimed_share - point.agent.claimed_share).abs() > 1e-6)
    });
    let content = match is_swept {
        true => chart(&points, &names),
        false => {
            "<p class=\"soft\">Not drawn, because no attack has two sizes: sweep one, such as with --set \
                  miners.NAME.count=1,2,4.</p>"
                .into()
        }
    };
    figure(
        TITLE,
        "Size is the group's share of all bytes that miners claim. Return is what it earns for each dollar that it pays, ROI + 1, \
         with its 95\u{a0}% interval; at 1 it gets back what it pays. The axis is logarithmic, and what earns less than a cent \
         for a dollar is drawn at its foot.",
        &content,
    )
}

fn chart(points: &[Point<'_>], names: &[&str]) -> String {
    let x = Axis::from_zero(points.iter().map(|point| point.agent.claimed_share), INSIDE.left, INSIDE.right);
    let ratios = points.iter().filter_map(|point| returns(point.agent));
    let ratios = ratios.flat_map(|(roi, [low, high])| [low, high, roi].map(ratio));
    let Some(y) = Axis::logarithmic(ratios.chain([1.0]), INSIDE.bottom, INSIDE.top) else {
        return String::new();
    };
    let mut drawing = Drawing::default();
    frame(
        &mut drawing,
        (&x, x.steps().into_iter().map(|value| (value, percent(value))).collect(), "share of claimed bytes"),
        (
            &y,
            y.decades().into_iter().map(|value| (value, significant(value))).collect(),
            "earned for a dollar paid",
        ),
    );
    drawing.line("axis", (INSIDE.left, y.place(1.0)), (INSIDE.right, y.place(1.0)));
    for (series, name) in names.iter().enumerate() {
        let these = points.iter().filter(|point| point.name == *name);
        let mut of: Vec<(&AgentSummary, f64, [f64; 2])> = these
            .filter_map(|point| returns(point.agent).map(|(roi, ci95)| (point.agent, roi, ci95)))
            .collect();
        of.sort_by(|a, b| a.0.claimed_share.total_cmp(&b.0.claimed_share));
        let at = |agent: &AgentSummary, roi: f64| (x.place(agent.claimed_share), y.place(ratio(roi)));
        let line: Vec<_> = of.iter().map(|&(agent, roi, _)| at(agent, roi)).collect();
        drawing.trace(series, &line, name);
        for (agent, roi, [low, high]) in of {
            drawing.bar(series, at(agent, low), at(agent, high));
            let told =
                format!("{name}: {} of claims, ROI {}", percent(agent.claimed_share), significant(roi));
            drawing.mark(series, at(agent, roi), &told);
        }
    }
    format!("{}{}", drawing.into_svg(WIDTH, HEIGHT, TITLE), legend(names.iter().copied().enumerate()))
}

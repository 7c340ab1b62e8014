//! Heading, figures, table and assumptions.

use plimsoll_core::ByteSize;

use crate::compare::columns::{COLUMNS, Cell, Column, Group};
use crate::compare::row::Row;
use crate::compare::table::{Comparison, shown, significant};
use crate::page::svg::escaped;

pub(super) fn heading(comparison: &Comparison) -> String {
    let machine = &comparison.machine;
    let processor = machine.processor.as_deref().unwrap_or("an unnamed processor");
    let warning = match machine.build {
        "release" => "",
        _ => "<p class=\"flag\">This is a debug build: no rate on this page means anything.</p>",
    };
    format!(
        "<h1>Proof schemes side by side</h1>\n<p class=\"soft\">Measured in one run by one harness on {}, {} cores, {}, \
         plimsoll {}. Medians of up to {} repeats; ± is half the interquartile range.</p>{warning}",
        escaped(processor),
        machine.cores,
        escaped(&machine.system),
        machine.plimsoll_version,
        comparison.request.repeats
    )
}

/// Schemes across, columns down.
pub(super) fn table(comparison: &Comparison) -> String {
    let names = comparison.rows.iter().map(|row| format!("<th scope=\"col\">{}</th>", escaped(&row.name)));
    let names: String = names.collect();
    let groups: String = Group::ALL.iter().map(|group| group_rows(comparison, *group)).collect();
    format!(
        "<h2>Every figure</h2>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th></th>{names}</tr></thead>\n{groups}</table></div>"
    )
}

fn group_rows(comparison: &Comparison, group: Group) -> String {
    let across = comparison.rows.len() + 1;
    let mut out =
        format!("<tbody><tr><th class=\"group\" colspan=\"{across}\">{}</th></tr>\n", group.title());
    for column in COLUMNS.iter().filter(|column| column.group == group && column.key != "name") {
        let is_there = |row: &Row| (column.cell)(row) != Cell::Absent;
        if !comparison.rows.iter().any(is_there) {
            continue;
        }
        let cells: String = comparison.rows.iter().map(|row| cell(comparison, column, row)).collect();
        out += &format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(column.label));
    }
    out + "</tbody>\n"
}

fn cell(comparison: &Comparison, column: &Column, row: &Row) -> String {
    let most = comparison.request.most_spread_percent;
    match (column.cell)(row) {
        Cell::Text(digest) if column.key == "plugin_blake3" => {
            let digest = escaped(&digest);
            format!("<td title=\"{digest}\"><code>{}…</code></td>", digest.get(..12).unwrap_or(&digest))
        }
        Cell::Text(text) if column.key == "failure" => {
            format!("<td class=\"words flag\">{}</td>", escaped(&text))
        }
        Cell::Text(text) => format!("<td class=\"words\">{}</td>", escaped(&text)),
        Cell::Measured(figure) if figure.spread_percent() > most => {
            format!("<td class=\"flag\">{}</td>", shown(&Cell::Measured(figure), most))
        }
        found @ Cell::Measured(_) => {
            let text = escaped(&shown(&found, most));
            match text.split_once(' ') {
                Some((median, spread)) => format!("<td>{median} <small>{spread}</small></td>"),
                None => format!("<td>{text}</td>"),
            }
        }
        found => format!("<td>{}</td>", shown(&found, most)),
    }
}

/// Everything that a figure depends on and that is not in its row.
pub(super) fn assumptions(comparison: &Comparison) -> String {
    let (request, machine) = (&comparison.request, &comparison.machine);
    let entries = [
        ("bytes offered to each scheme", ByteSize(request.bytes).to_string()),
        ("time for one scheme", format!("about {} s", significant(request.budget_seconds))),
        ("samples asked for, q", request.samples.to_string()),
        ("deadline after the round trip, D", format!("{} ms", request.deadline_ms)),
        ("cores of the cheater, P", request.cores.to_string()),
        ("computing", format!("{} $ per core-hour", significant(request.prices.usd_per_core_hour))),
        ("storing", format!("{} $ per TiB and month", significant(request.prices.usd_per_tib_month))),
        ("claim behind an audit", ByteSize(request.claim_bytes).to_string()),
        ("missing, for samples for 2^-40", format!("{} %", significant(100.0 * request.missing_fraction))),
        (
            "repeats that are printed",
            format!("quartiles within {} %", significant(request.most_spread_percent)),
        ),
        ("challenges of a repeat", request.challenges.to_string()),
        ("seed", request.seed.to_string()),
        ("instructions", machine.instructions.join(", ")),
        ("memory", machine.memory_bytes.map_or_else(|| "-".into(), |bytes| ByteSize(bytes).to_string())),
        ("file system", machine.file_system.clone().unwrap_or_else(|| "-".into())),
        ("build", machine.build.to_owned()),
    ];
    let entries = entries.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>", escaped(value)));
    format!("<h2>Assumptions and machine</h2>\n<dl>{}</dl>", entries.collect::<String>())
}

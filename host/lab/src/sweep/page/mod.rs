//! A sweep as one page that stands alone: charts, then every figure.

mod earnings;
mod frame;
mod returns;
mod shares;

mod sections;

use super::drive::Swept;
use super::summary::CellSummary;
use crate::page::document;

/// The most cells whose earnings are drawn.
const MOST_CHARTS: usize = 12;

impl Swept {
    /// One HTML document. `about` is what the scenario shows.
    #[must_use]
    pub fn to_html(&self, about: &str) -> String {
        let names = self.names();
        let parts = [
            sections::heading(self, about),
            earnings::section(self, &names),
            shares::section(self, &names),
            returns::section(self),
            sections::table(self),
            sections::validators(self),
            sections::cells(self),
            sections::runs(self),
        ];
        document("Who earns what", &parts)
    }

    /// The groups' names, each once: their places are the series of the charts.
    fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for (_, agent) in self.rows() {
            if !names.contains(&agent.name.as_str()) {
                names.push(&agent.name);
            }
        }
        names
    }
}

/// What tells a cell from the others of its sweep.
fn title(cell: &CellSummary) -> String {
    let mut parts = vec![cell.rule.clone(), cell.scheme.clone(), cell.strategy.clone()];
    parts.extend(cell.settings.iter().map(|(key, value)| format!("{key} = {value}")));
    parts.join(", ")
}

/// Where a name stands among `names`.
fn series(names: &[&str], name: &str) -> usize {
    names.iter().position(|known| *known == name).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::samples::swept;
    use super::*;

    #[test]
    fn it_stands_alone_and_every_tag_is_closed() {
        let page = swept().to_html("free riders");
        for foreign in ["http://", "https://", "<script", "url(", "@import", "src="] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.starts_with("<!doctype html>") && page.contains("prefers-color-scheme: dark"));
        for tag in ["html", "body", "main", "svg", "table", "tr", "td", "th", "figure", "ul", "li", "path"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert!(opened > 0 && opened == page.matches(&format!("</{tag}>")).count(), "<{tag}>");
        }
    }

    #[test]
    fn it_has_a_chart_of_earnings_for_every_cell_and_names_every_group() {
        let page = swept().to_html("free riders");
        assert_eq!(page.matches("aria-label=\"Earnings over epochs").count(), 2);
        assert!(page.contains("audits.samples = 5") && page.contains("audits.samples = 20"));
        for name in ["honest", "free"] {
            assert!(page.matches(name).count() >= 6, "{name}");
        }
    }

    #[test]
    fn returns_are_drawn_against_sizes_where_sizes_differ() {
        let mut swept = swept();
        let without = swept.to_html("x");
        assert!(
            without.contains("--set miners.NAME.count=1,2,4") && !without.contains("aria-label=\"Return")
        );
        swept.cells[1].agents[1].claimed_share = 0.25;
        let with = swept.to_html("x");
        assert!(with.contains("aria-label=\"Return of each attack"));
    }

    #[test]
    fn no_number_on_it_is_nan_or_infinite_and_no_name_is_markup() {
        let mut swept = swept();
        let agent = &mut swept.cells[0].agents[1];
        (agent.roi, agent.roi_ci95, agent.claimed_share) = (Some(f64::INFINITY), Some([-1.0, f64::NAN]), 0.1);
        agent.name = "<img onerror=x>".into();
        swept.cells[1].windows.clear();
        let empty = Swept { cells: Vec::new(), kept_runs: 0, fresh_runs: 0, unkept: None };
        for page in [swept.to_html("a & b"), empty.to_html("")] {
            for bad in ["NaN", "=\"inf", "-inf", "<img"] {
                assert!(!page.contains(bad), "{bad}");
            }
        }
    }
}

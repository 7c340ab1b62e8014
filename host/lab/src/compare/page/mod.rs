//! The table as one page that stands alone: no script, no font, no image from elsewhere.

mod axis;
mod labels;
mod svg;

mod curves;
mod scatter;

mod sections;

use super::table::Comparison;

const STYLE: &str = include_str!("style.css");

impl Comparison {
    /// One HTML document with the charts, the table and what was assumed.
    #[must_use]
    pub fn to_html(&self) -> String {
        let parts = [
            sections::heading(self),
            sections::figure(
                "Filling against verifying",
                "Both axes are logarithmic. Right is faster to fill, down is cheaper to verify.",
                &scatter::chart(self),
            ),
            sections::figure(
                "Detection against what is missing",
                "Curves: 1 − f^q for q samples of one audit, nothing made again. Points: audits that were drawn, \
                 answered and verified on a plot with so much missing; upright bars hold the true value with \
                 95\u{a0}%, level ones show what theory gives for that plot's own number of units. Schemes at one \
                 fraction stand side by side.",
                &curves::chart(self),
            ),
            sections::table(self),
            sections::assumptions(self),
        ];
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>Proof schemes side by side</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
            parts.join("\n")
        )
    }
}

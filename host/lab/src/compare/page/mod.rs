//! The table as one page that stands alone: no script, no font, no image from elsewhere.

mod curves;
mod scatter;

mod sections;

use super::table::Comparison;
use crate::page::{document, figure};

impl Comparison {
    /// One HTML document with the charts, the table and what was assumed.
    #[must_use]
    pub fn to_html(&self) -> String {
        let parts = [
            sections::heading(self),
            figure(
                "Filling against verifying",
                "Both axes are logarithmic. Right is faster to fill, down is cheaper to verify.",
                &scatter::chart(self),
            ),
            figure(
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
        document("Proof schemes side by side", &parts)
    }
}

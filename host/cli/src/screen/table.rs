//! Tables as wide as the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Which side a column's cells stand on: words left, figures right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// A table with a header. Rows shorter than the header are filled up.
pub(crate) fn table(columns: &[(&str, Side)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|(name, _)| *name));
    table.add_rows(rows);
    for (index, (_, side)) in columns.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, 2));
            column.set_cell_alignment(match side {
                Side::Left => CellAlignment::Left,
                Side::Right => CellAlignment::Right,
            });
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_right_and_no_line_ends_in_blanks() {
        let rows = [vec!["a".to_owned(), "1000".to_owned()], vec!["long name".to_owned(), "7".to_owned()]];
        let text = table(&[("miner", Side::Left), ("weight", Side::Right)], rows);
        assert_eq!(text, "miner      weight\na            1000\nlong name       7");
    }
}

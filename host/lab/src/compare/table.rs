//! The whole table, and its forms for programs.

use serde_json::{Map, Value, json};

use super::columns::{COLUMNS, Cell, Column};
use super::machine::Machine;
use super::request::CompareRequest;
use super::row::Row;

/// Every scheme of one run, where and under which assumptions.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Where.
    pub machine: Machine,
    /// Under which assumptions.
    pub request: CompareRequest,
    /// In the order asked.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// `{"schemes": [...], "assumptions": {...}, "machine": {...}}`.
    ///
    /// A measured figure is its median under its key and its interquartile range under the key with `_iqr`. Where
    /// the repeats disagree the median is null, and `flags` says by how much.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let schemes: Vec<Value> = self.rows.iter().map(|row| self.row_json(row)).collect();
        json!({ "schemes": schemes, "assumptions": self.request, "machine": self.machine })
    }

    fn row_json(&self, row: &Row) -> Value {
        let mut fields: Map<String, Value> = self.fields(row).into_iter().collect();
        fields.insert("flags".into(), json!(self.flags(row)));
        fields.insert("detection".into(), json!(row.detection));
        Value::Object(fields)
    }

    /// A line with the keys, then one a scheme; the same fields as the JSON form, without `flags` and `detection`.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let keys: Vec<String> = self.fields(&Row::default()).into_iter().map(|(key, _)| key).collect();
        let mut lines = vec![keys.join(",")];
        for row in &self.rows {
            let cells = self.fields(row).into_iter().map(|(_, value)| csv_cell(&value));
            lines.push(cells.collect::<Vec<_>>().join(","));
        }
        lines.join("\n")
    }

    /// Which figures of `row` are withheld, and why; and whether it took more memory than planned.
    #[must_use]
    pub fn flags(&self, row: &Row) -> Vec<String> {
        let most = self.request.most_spread_percent;
        let flag = |column: &Column| match (column.cell)(row) {
            Cell::Measured(figure) if figure.spread_percent() > most => Some(format!(
                "{}: {} repeats disagree by {:.0} %, up to {most} % are printed",
                column.key,
                figure.runs,
                figure.spread_percent()
            )),
            _ => None,
        };
        COLUMNS.iter().filter_map(flag).chain(row.memory_beyond_plan()).collect()
    }

    /// The fields of a row: the same keys, in the same order, for every row.
    fn fields(&self, row: &Row) -> Vec<(String, Value)> {
        let mut fields = Vec::new();
        for column in COLUMNS {
            let cell = (column.cell)(row);
            fields.push((column.key.to_owned(), self.value(&cell)));
            if column.repeated {
                let iqr = if let Cell::Measured(figure) = cell { json!(figure.iqr()) } else { Value::Null };
                fields.push((format!("{}_iqr", column.key), iqr));
            }
        }
        fields
    }

    fn value(&self, cell: &Cell) -> Value {
        match cell {
            Cell::Absent => Value::Null,
            Cell::Text(text) => json!(text),
            Cell::Truth(truth) => json!(truth),
            Cell::Whole(count) => json!(count),
            Cell::Number(number) => json!(number),
            Cell::Measured(figure) if figure.spread_percent() > self.request.most_spread_percent => {
                Value::Null
            }
            Cell::Measured(figure) => json!(figure.median),
        }
    }
}

pub(crate) fn csv_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"', '\n']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell as people read it: four significant digits, and half the interquartile range behind them. Of what is
/// flagged only the spread is shown.
#[must_use]
pub fn shown(cell: &Cell, most_spread_percent: f64) -> String {
    match cell {
        Cell::Absent => "-".into(),
        Cell::Text(text) => text.clone(),
        Cell::Truth(true) => "yes".into(),
        Cell::Truth(false) => "no".into(),
        Cell::Whole(count) => grouped(&count.to_string()),
        Cell::Number(number) => significant(*number),
        Cell::Measured(figure) if figure.spread_percent() > most_spread_percent => {
            format!("disagree by {:.0} %", figure.spread_percent())
        }
        Cell::Measured(figure) if figure.runs == 1 => format!("{} (one run)", significant(figure.median)),
        Cell::Measured(figure) => {
            let half = figure.spread_percent() / 2.0;
            match half < 0.5 {
                true => significant(figure.median),
                false => format!("{} ±{half:.0} %", significant(figure.median)),
            }
        }
    }
}

/// Four significant digits, thousands apart, with an exponent only where there would be many zeros.
pub(crate) fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    if !number.is_finite() {
        return "-".into();
    }
    let digits_before = number.abs().log10().floor() as i32 + 1;
    match digits_before {
        ..=-3 | 16.. => format!("{number:.2e}"),
        5.. => grouped(&format!("{number:.0}")),
        _ => {
            let text = format!("{number:.*}", (4 - digits_before).max(0) as usize);
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
    }
}

/// `12345678` as `12 345 678`, with spaces that do not break; four digits stay together.
pub(crate) fn grouped(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (first, mut rest) = digits.split_at(digits.len() % 3);
    let mut parts: Vec<&str> = Some(first).filter(|first| !first.is_empty()).into_iter().collect();
    while let Some((part, later)) = rest.split_at_checked(3) {
        parts.push(part);
        rest = later;
    }
    format!("{sign}{}", parts.join("\u{a0}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::figure::Figure;

    #[test]
    fn numbers_have_four_digits_that_count() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (2.34567, "2.346"),
            (1234.4, "1234"),
            (12345.6, "12\u{a0}346"),
            (0.012346, "0.01235"),
            (-2.5, "-2.5"),
            (100.0, "100"),
            (4.2e-9, "4.20e-9"),
            (f64::NAN, "-"),
        ];
        for (number, text) in cases {
            assert_eq!(significant(number), text);
        }
        assert_eq!(grouped("67108864"), "67\u{a0}108\u{a0}864");
        assert_eq!(["123", "1024", "10240"].map(grouped), ["123", "1024", "10\u{a0}240"]);
    }

    #[test]
    fn a_figure_whose_repeats_disagree_is_not_shown() {
        let figure = Figure::of(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(shown(&Cell::Measured(figure), 50.0), "2 ±25 %");
        assert_eq!(shown(&Cell::Measured(figure), 49.0), "disagree by 50 %");
        assert_eq!(shown(&Cell::Measured(Figure::of(&[3.0]).unwrap()), 1.0), "3 (one run)");
        assert_eq!(shown(&Cell::Absent, 1.0), "-");
    }

    #[test]
    fn a_cell_with_commas_is_quoted() {
        assert_eq!(csv_cell(&json!("a \"b\", c")), "\"a \"\"b\"\", c\"");
        assert_eq!(csv_cell(&Value::Null), "");
        assert_eq!(csv_cell(&json!(1.5)), "1.5");
    }
}
